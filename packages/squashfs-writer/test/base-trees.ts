/** Trees and helpers that the tests of bases share. */
import type { Buffer as Bytes } from 'node:buffer'
import { createHash } from 'node:crypto'
import { lstatSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type ImageResult, type PackOptions, packDirectory } from 'squashfs-writer'
import { vi } from 'vitest'

/** A file that was changed within the last two seconds is compared. The tests set the clock ahead instead of waiting. */
export function aMinuteLater(): void {
  vi.spyOn(Date, 'now').mockImplementation(() => performance.timeOrigin + performance.now() + 60_000)
}

/** Packs a directory three times: with a base and its record, with a base alone, and without one. */
export async function packedThreeWays(
  source: string,
  scratch: string,
  base: { readonly path: string; readonly record?: Uint8Array | null },
  options: PackOptions = {},
): Promise<{ readonly withRecord: ImageResult; readonly without: ImageResult; readonly images: string[] }> {
  const { path } = base
  const record = base.record ?? undefined
  const names = ['record.squashfs', 'compared.squashfs', 'plain.squashfs'].map((name) => join(scratch, name))
  const withRecord = await packDirectory(source, names[0]!, {
    ...options,
    base: { path, ...(record && { record }) },
  })
  const without = await packDirectory(source, names[1]!, { ...options, base: { path } })
  await packDirectory(source, names[2]!, options)
  return { withRecord, without, images: names.map(digestOfFile) }
}

export function digestOfFile(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex')
}

/** All regular files below a directory, with their bytes. */
export function filesBelow(directory: Bytes): Bytes[] {
  return readdirSync(directory, { encoding: 'buffer' })
    .sort(Buffer.compare)
    .flatMap((name) => {
      const path = Buffer.concat([directory, Buffer.from('/'), name])
      const status = lstatSync(path)
      if (status.isDirectory()) return filesBelow(path)
      return status.isFile() ? [path] : []
    })
}
