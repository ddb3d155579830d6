/**
 * Writes a wheel: a zip file with a list of its contents.
 * https://packaging.python.org/specifications/binary-distribution-format
 */
import { createHash } from 'node:crypto'
import { strToU8, type Zippable, zipSync } from 'fflate'

/**
 * The earliest time in a zip file, in local time like all of them. With it the wheel does not depend on the build time.
 */
const TIME = new Date(1980, 0, 1)
/** The Unix mode `-rw-r--r--`, in the upper half of the external attributes of a zip entry. */
const REGULAR_FILE = 0o100644 << 16
const UNIX = 3

/**
 * Returns the bytes of a wheel. They depend only on the files, not on their order, the time or the time zone.
 *
 * @param distInfo the directory of the metadata, `NAME-VERSION.dist-info`
 * @param files the files by path, without RECORD, which is added
 */
export function wheelFile(distInfo: string, files: ReadonlyMap<string, Uint8Array>): Uint8Array {
  const record = `${distInfo}/RECORD`
  // The specification recommends the metadata at the end of the file.
  const isMetadata = (path: string): number => Number(path.startsWith(`${distInfo}/`))
  const sorted = [...files].sort(([a], [b]) => isMetadata(a) - isMetadata(b) || (a < b ? -1 : Number(a > b)))
  const lines = sorted.map(([path, bytes]) => `${path},sha256=${digest(bytes)},${bytes.length}`)
  const contents: Zippable = Object.fromEntries(sorted)
  contents[record] = strToU8(`${[...lines, `${record},,`].join('\n')}\n`)
  return zipSync(contents, { level: 9, mtime: TIME, os: UNIX, attrs: REGULAR_FILE })
}

/** The SHA-256 digest as in RECORD: URL-safe base64 without padding. */
function digest(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('base64url')
}
