/** The files that the check has examined, and the module that examines them. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { OpenDirectory } from 'squashfs-writer'
import { type EntriesOnDisk, entriesOnDisk } from './entries-on-disk.js'
import type { Content, Entry, ExaminedContents } from './entry.js'
import { hasRelevantContent } from './examiner.js'

/** The examiner that reads the parts of files that an inventory needs. */
export function examinerModule(): string {
  return new URL('./examiner.js', import.meta.url).href
}

/** Another one for every other text of the examiner, which lies in one file with all that it uses. */
export function examinerVersion(): string {
  return createHash('sha256')
    .update(readFileSync(fileURLToPath(examinerModule())))
    .digest('base64url')
}

/** Whether an inventory wants a file examined. */
export function shouldExamine(file: Entry): boolean {
  return file.type === 'file' && file.failure === null && hasRelevantContent(file)
}

/** Has files examined for an inventory, and opens those that look as if they could not be read. */
export async function examineDirectory(
  directory: OpenDirectory,
): Promise<Pick<EntriesOnDisk, 'entries'> & { readonly contents: ExaminedContents }> {
  const looksReadable = permissionTest()
  const { entries, files } = await entriesOnDisk(
    directory,
    (entry) => shouldExamine(entry) || (entry.type === 'file' && !looksReadable(entry)),
  )
  const answers = await directory.examine(new Set(files.map(({ file }) => file)))
  const contents: ExaminedContents = new Map()
  for (const { path, file } of files) {
    const answer = answers.get(file)!
    contents.set(path, 'code' in answer ? answer : (answer.found as Content | null))
  }
  return { entries, contents }
}

export type LooksReadable = (file: Pick<Entry, 'mode' | 'uid' | 'gid'>) => boolean

/**
 * Makes the test, by permission bits alone, and for root as for anyone: opening each file would take as long as all else.
 * A user who does not pass it may be able to read the file all the same.
 */
export function permissionTest(): LooksReadable {
  const user = process.geteuid?.() ?? 0
  const groups = new Set([process.getegid?.() ?? 0, ...(process.getgroups?.() ?? [])])
  return ({ mode, uid, gid }) => {
    const bit = uid === user ? 0o400 : groups.has(gid) ? 0o040 : 0o004
    return (mode & bit) !== 0
  }
}
