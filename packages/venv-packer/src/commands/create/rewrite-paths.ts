/** Rewrites the paths in an environment that will be used at another path: in scripts, activate scripts, pyvenv.cfg. */

import { createHash } from 'node:crypto'
import { lstat, readdir, readFile, utimes, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { isRecord } from '../../environment/distributions.js'

/** No text file that contains the path of its environment is larger. */
const MAX_TEXT_BYTES = 1_048_576

/**
 * Replaces `directory` by `to` in all text files below `directory`, and corrects their hashes and sizes in RECORD files. Neither path
 * may need quotes in a script. Binary files are not changed.
 */
export async function rewritePaths(directory: string, to: string): Promise<void> {
  const rewritten = new Map<string, Buffer>()
  const records: string[] = []
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const path = join(entry.parentPath, entry.name)
    if (isRecord(path)) records.push(path)
    const text = await rewrittenText(path, directory, to)
    if (text !== undefined) rewritten.set(path, text)
  }
  for (const [path, text] of rewritten) await rewrite(path, text)
  for (const record of records) await correctRecord(record, rewritten)
}

async function rewrittenText(path: string, from: string, to: string): Promise<Buffer | undefined> {
  if ((await lstat(path)).size > MAX_TEXT_BYTES) return undefined
  const bytes = await readFile(path)
  if (bytes.includes(0) || !bytes.includes(from)) return undefined
  // Latin-1 gives one character for each byte, whatever the encoding of the text.
  const [before, after] = [from, to].map((place) => Buffer.from(place).toString('latin1')) as [string, string]
  return Buffer.from(bytes.toString('latin1').replaceAll(before, after), 'latin1')
}

/** Writes a file, and keeps its mode and times. */
async function rewrite(path: string, content: Buffer): Promise<void> {
  const { atime, mtime } = await lstat(path)
  await writeFile(path, content)
  await utimes(path, atime, mtime)
}

/**
 * Corrects a RECORD, whose lines have a path, hash and size
 * (https://packaging.python.org/en/latest/specifications/recording-installed-packages).
 */
async function correctRecord(record: string, rewritten: ReadonlyMap<string, Buffer>): Promise<void> {
  const packages = dirname(dirname(record))
  const text = await readFile(record, 'utf8')
  const corrected = text.replace(/^([^",\r\n]*),sha256=[^,\r\n]*,\d*$/gm, (line: string, path: string) => {
    const content = rewritten.get(resolve(packages, path))
    if (content === undefined) return line
    const hash = createHash('sha256').update(content).digest('base64url')
    return `${path},sha256=${hash},${content.length}`
  })
  if (corrected !== text) await rewrite(record, Buffer.from(corrected))
}
