/** The files that the check has examined, and the module that examines them. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { DirectoryLook, DiskEntry } from 'squashfs-writer'
import type { Content, Peeked } from './entry.js'
import { isWorthPeeking } from './peek.js'

/** The examiner that reads the parts of files that an inventory needs. */
export function peekModule(): string {
  return new URL('./peek.js', import.meta.url).href
}

/** Another one for every other text of the examiner, which lies in one file with all that it uses. */
export function peekVersion(): string {
  return createHash('sha256')
    .update(readFileSync(fileURLToPath(peekModule())))
    .digest('base64url')
}

/** Whether an inventory wants a file examined. */
export function wantsPeek(file: DiskEntry): boolean {
  return file.type === 'file' && file.failure === null && isWorthPeeking(file)
}

/** Has files examined for an inventory, and opens those that look as if they could not be read. */
export async function peekAt(look: DirectoryLook): Promise<Peeked> {
  const looksReadable = permissionTest()
  const peeked: Peeked = new Map()
  const files = look.entries.filter(
    (entry) => wantsPeek(entry) || (entry.type === 'file' && entry.failure === null && !looksReadable(entry)),
  )
  await look.examine(files, ({ path }, answer) =>
    peeked.set(path, 'code' in answer ? answer : (answer.found as Content | null)),
  )
  return peeked
}

export type LooksReadable = (file: Pick<DiskEntry, 'mode' | 'uid' | 'gid'>) => boolean

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
