/** Selects the files that the check examines, and has them examined by the library. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { OpenDirectory } from 'squashfs-writer'
import { type EntriesOnDisk, entriesOnDisk } from './entries-on-disk.js'
import type { Content, Entry, ExaminedContents } from './entry.js'
import { hasRelevantContent } from './examiner.js'

/** The URL of the examiner. */
export function examinerModule(): string {
  return new URL('./examiner.js', import.meta.url).href
}

/** A digest of the examiner's file, which contains all that it imports: it differs whenever answers may differ. */
export function examinerVersion(): string {
  return createHash('sha256')
    .update(readFileSync(fileURLToPath(examinerModule())))
    .digest('base64url')
}

/** Whether the check examines a file. */
export function shouldExamine(file: Entry): boolean {
  return file.type === 'file' && file.failure === null && hasRelevantContent(file)
}

/** Reads the entries of a directory, and has files examined. Also opens files that seem unreadable, to find out whether they are. */
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
 * Makes a test whether the permission bits allow this process to read a file. It treats root like other users. It avoids opening
 * every file, which would take as long as the rest of the check. A file that fails the test may be readable all the same.
 */
export function permissionTest(): LooksReadable {
  const user = process.geteuid?.() ?? 0
  const groups = new Set([process.getegid?.() ?? 0, ...(process.getgroups?.() ?? [])])
  return ({ mode, uid, gid }) => {
    const bit = uid === user ? 0o400 : groups.has(gid) ? 0o040 : 0o004
    return (mode & bit) !== 0
  }
}
