/**
 * Open base: opens an older image and decides whether its blocks can be reused. A problem is not an error: the result says how far
 * the base was used, and why not further.
 */
import { ImageError } from '../errors.js'
import type { BaseBlock } from '../image/base-block.js'
import type { ImageSettings } from '../image/write-tree.js'
import type { Pool } from '../source/workers/pool.js'
import type { BaseAccess } from '../source/workers/protocol.js'
import type { ByteString } from '../tree/byte-string.js'
import { type BaseImage, openBaseImage } from './base-image.js'
import { blockSettings } from './block-settings.js'
import { decodePackRecord, type PackRecord } from './pack-record.js'

/** The `base` option, checked. */
export interface BaseOption {
  readonly path: ByteString
  /** The record from packing the base. */
  readonly record: Uint8Array | null
}

/** The reason why a base was not used, or only in part. */
export interface BaseProblem {
  /**
   * The kind of the problem. Codes are stable. With the first four, the base was not used.
   *
   * - `NOT_USABLE`: it does not exist, cannot be read, is not an image, is damaged, or has an unsupported compressor.
   * - `OTHER_SETTINGS`: its compressor, level or block size differs.
   * - `OTHER_ENCODER`: this encoder gives other bytes for the same contents.
   * - `UNCOMPRESSED`: nothing is compressed, so a base saves nothing.
   * - `NO_RECORD`: there is no record, or it is damaged, so contents were compared.
   * - `OTHER_RECORD`: the record belongs to another image or to other settings, so contents were compared.
   * - `DAMAGED_BLOCKS`: some blocks are damaged; their contents were read and compressed.
   */
  readonly code:
    | 'NOT_USABLE'
    | 'OTHER_SETTINGS'
    | 'OTHER_ENCODER'
    | 'UNCOMPRESSED'
    | 'NO_RECORD'
    | 'OTHER_RECORD'
    | 'DAMAGED_BLOCKS'
  readonly message: string
}

/** A base that can be used. */
export interface OpenBase {
  readonly image: BaseImage
  readonly access: BaseAccess
  /** Null if contents must be compared. */
  readonly record: PackRecord | null
  /** The checksums of intact blocks, by position. Empty without a record. */
  readonly checksums: ReadonlyMap<number, number>
}

/** Number of blocks that are encoded again to check whether the encoder gives the same bytes. */
const SAMPLES = 16
/** Bytes of blocks that one job checks. */
const CHECKED_AT_ONCE = 16_777_216

/**
 * Opens the base and checks it.
 * @returns no base if it cannot be used, and a problem if it cannot be used completely.
 */
export async function openBase(
  { path, record: bytes }: BaseOption,
  settings: ImageSettings,
  pool: Pool,
): Promise<{ readonly base: OpenBase | null; readonly problem: BaseProblem | null }> {
  if (settings.codec.uncompressed)
    return none('UNCOMPRESSED', 'nothing is compressed, so that taking over saves nothing')
  let image: BaseImage
  try {
    image = await openBaseImage(path, (inodes) => pool.expect({ names: inodes }))
  } catch (error) {
    if (error instanceof ImageError) return none('NOT_USABLE', error.reason)
    throw error
  }
  try {
    const { base, problem } = await checkBase(image, bytes, settings, pool)
    if (!base) image.close()
    return { base, problem }
  } catch (error) {
    image.close()
    throw error
  }
}

function none(code: BaseProblem['code'], message: string) {
  return { base: null, problem: { code, message } }
}

async function checkBase(image: BaseImage, bytes: Uint8Array | null, settings: ImageSettings, pool: Pool) {
  const difference = differenceTo(image, settings)
  if (difference) return none('OTHER_SETTINGS', difference)
  const access = { descriptor: image.file.descriptor, compressor: image.compressor }
  const { record, problem } = recordFor(image, bytes, settings)
  if (!record) {
    const isSame = await pool.run('try-base', { base: access, blocks: image.samples(SAMPLES) })
    if (!isSame)
      return none('OTHER_ENCODER', 'it was compressed by another program, or another version of it')
    return { base: { image, access, record: null, checksums: NO_CHECKSUMS }, problem }
  }
  const { checksums, damaged } = await checkedBlocks(image, record, access, pool)
  return {
    base: { image, access, record, checksums },
    problem: damaged === 0 ? null : damagedBlocks(damaged),
  }
}

const NO_CHECKSUMS: ReadonlyMap<number, number> = new Map()

function damagedBlocks(count: number): BaseProblem {
  const blocks = count === 1 ? 'one of its blocks is' : `${count} of its blocks are`
  return { code: 'DAMAGED_BLOCKS', message: `${blocks} damaged; their contents were read and compressed` }
}

/** The difference between the settings of the image and the wanted ones, in words; null if there is none. */
function differenceTo(image: BaseImage, { codec, blockSize }: ImageSettings): string | null {
  if (image.compressor !== codec.id) return `it is not compressed with ${codec.name}`
  if (image.blockSize !== blockSize) return `its blocks are of ${image.blockSize} bytes, not of ${blockSize}`
  const [own, wanted] = [image.compressorOptions, codec.options ?? null]
  if ((own === null) !== (wanted === null) || (own && wanted && Buffer.compare(own, wanted) !== 0))
    return 'it is compressed at another level'
  return null
}

function recordFor(
  image: BaseImage,
  bytes: Uint8Array | null,
  settings: ImageSettings,
): { readonly record: PackRecord | null; readonly problem: BaseProblem | null } {
  const compared = 'so that all files were read and compared with it'
  if (!bytes) return without('NO_RECORD', `there is no record of its packing, ${compared}`)
  const record = decodePackRecord(bytes)
  if (!record) return without('NO_RECORD', `the record of its packing is damaged, ${compared}`)
  const tie = image.tie()
  if (record.tie.bytesUsed !== tie.bytesUsed || record.tie.digest !== tie.digest)
    return without('OTHER_RECORD', `the record is not of this image, ${compared}`)
  if (record.settings !== blockSettings(settings))
    return without('OTHER_RECORD', `it was packed by another encoder or with other settings, ${compared}`)
  return { record, problem: null }
}

function without(code: BaseProblem['code'], message: string) {
  return { record: null, problem: { code, message } }
}

/**
 * Returns the checksums of intact blocks. All blocks are read and checked, unless the image is still the file that was written,
 * without a change.
 */
async function checkedBlocks(image: BaseImage, { blocks, tie }: PackRecord, access: BaseAccess, pool: Pool) {
  const checksums = new Map<number, number>()
  let damaged = 0
  if (tie.file === image.identity) {
    let at = blocks.start
    for (const [n, size] of blocks.sizes.entries()) {
      checksums.set(at, blocks.checksums[n]!)
      at += size
    }
    return { checksums, damaged }
  }
  const jobs: Promise<void>[] = []
  let first = 0
  let position = blocks.start
  let bytes = 0
  for (const [n, size] of blocks.sizes.entries()) {
    bytes += size
    if (position + bytes > image.dataEnd) break // the rest cannot be blocks
    if (bytes < CHECKED_AT_ONCE && n + 1 < blocks.sizes.length) continue
    jobs.push(check(first, n + 1, position))
    first = n + 1
    position += bytes
    bytes = 0
  }
  await Promise.all(jobs)
  return { checksums, damaged }

  async function check(from: number, to: number, start: number): Promise<void> {
    const request = { sizes: blocks.sizes.slice(from, to), checksums: blocks.checksums.slice(from, to) }
    const wrong = new Set(await pool.run('check-base', { base: access, position: start, ...request }))
    damaged += wrong.size
    let at = start
    for (const [n, size] of request.sizes.entries()) {
      if (!wrong.has(n)) checksums.set(at, request.checksums[n]!)
      at += size
    }
  }
}

/** Whether a block is certainly intact. */
export function isIntact({ checksums }: OpenBase, block: BaseBlock): boolean {
  return checksums.has(block.position)
}
