/** `venv-packer info`: what an image is, and what is in it. */

import { stat } from 'node:fs/promises'
import { Compressor, decodeLevel } from 'squashfs-writer/format'
import { toByteString } from 'squashfs-writer/paths'
import type { OpenImage } from 'squashfs-writer/read'
import { withImage } from '../image/opened-image.js'
import { storedShares } from '../image/stored-shares.js'
import { type Census, takeCensus } from '../venv/inventory.js'
import { type PackageShare, sharesInImage } from '../venv/package-shares.js'
import { packagesOf } from '../venv/packages.js'
import { type PackedEnvironment, packedEnvironment } from '../venv/packed-environment.js'
import { packedInventory } from '../venv/packed-inventory.js'

export interface InfoRequest {
  /** As it was typed. */
  readonly image: string
}

export interface InfoReport {
  readonly request: InfoRequest
  /** Absolute. */
  readonly image: string
  /** Bytes of the file. */
  readonly size: number
  /** When the file was written. */
  readonly written: Date
  /** Its time, as the image itself says it: `SOURCE_DATE_EPOCH`, or that of the newest file in it. */
  readonly createdAt: Date
  readonly compression: {
    /** `zstd`, `gzip`, ...; `none` where nothing is compressed. */
    readonly name: string
    /** Null where the image does not say it. */
    readonly level: number | null
  }
  /** Bytes. */
  readonly blockSize: number
  readonly environment: PackedEnvironment
  readonly census: Census
  /** Files whose content is that of another one, and is in the image once. */
  readonly duplicates: { readonly files: number; readonly bytes: number }
  /** None where the image holds no environment. */
  readonly packages: readonly PackageShare[]
}

export async function info(request: InfoRequest): Promise<InfoReport> {
  return await withImage(request.image, async ({ path, image }) => {
    const environment = await packedEnvironment(image)
    const stored = storedShares(image)
    const place = toByteString(environment.madeFor ?? path)
    const inventory = await packedInventory(image, place, environment.config, stored.add)
    const shares = sharesInImage(packagesOf(inventory))
    stored.each(shares.add)
    const { createdAt, blockSize } = image.superblock
    return {
      request,
      image: path,
      size: image.size,
      written: (await stat(path)).mtime,
      createdAt: new Date(1000 * createdAt),
      compression: await compressionOf(image),
      blockSize,
      environment,
      census: takeCensus(inventory.entries),
      duplicates: stored.duplicates(),
      packages: environment.config === undefined ? [] : shares.shares(),
    }
  })
}

/** All parts are stored as they are: squashfs then names a compressor that was not used. */
const STORED_PARTS = 0x0001 | 0x0002

async function compressionOf(image: OpenImage): Promise<InfoReport['compression']> {
  const { compressor, flags } = image.superblock
  if ((flags & STORED_PARTS) === STORED_PARTS) return { name: 'none', level: null }
  const name =
    Object.entries(Compressor)
      .find(([, id]) => id === compressor)?.[0]
      .toLowerCase() ?? `${compressor}`
  const options = await image.compressorOptions()
  return { name, level: options === null ? (impliedLevels[name] ?? null) : decodeLevel(options) }
}

/** What the format implies where an image does not say it. */
const impliedLevels: Readonly<Record<string, number>> = { zstd: 15, gzip: 9 }
