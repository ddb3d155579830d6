/** Directory look: lets a program inspect the entries that the scan found, and examine files, before they are packed. */
import { InodeType } from '../format/inode.js'
import { toDisplay } from '../tree/byte-string.js'
import type { FileNode } from '../tree/node.js'
import type { DiskEntry, EntryInTree } from './disk-entry.js'
import { filesPerStep } from './read-contents.js'
import type { Pool } from './workers/pool.js'
import { addRange, type Failure, noRanges } from './workers/protocol.js'

/** A directory that was looked through. */
export interface DirectoryLook {
  /** All that `include` and `exclude` leave; the directory itself is the first. */
  readonly entries: readonly DiskEntry[]
  /**
   * Opens files, many at a time where the filesystem is slow, and has the examiner look at each.
   * @param files files among `entries`; best in their order, directory by directory.
   * @param found told of each file what the examiner returned, or why it could not be read: 'CHANGED' where it is not the
   * file that was found.
   * @throws TypeError for an entry that is no file or was not found here, and where no examiner was given.
   */
  examine(
    files: readonly DiskEntry[],
    found: (file: DiskEntry, answer: { readonly found: unknown } | Failure) => void,
  ): Promise<void>
}

/** @param entries what the scan found. */
export function lookAt(entries: readonly DiskEntry[], pool: Pool): DirectoryLook {
  return {
    entries,
    async examine(files, found) {
      const waiting = files.map((entry) => ({ entry, file: fileOf(entry) }))
      let next = 0
      await Promise.all(Array.from({ length: pool.jobsWanted() }, lane))

      async function lane(): Promise<void> {
        while (next < waiting.length) {
          const batch = waiting.slice(next, next + filesPerStep(pool))
          next += batch.length
          const ranges = noRanges()
          for (const { file } of batch) addRange(ranges, file, WHOLE)
          const answers = await pool.run('examine', { ranges })
          for (const [n, answer] of answers.entries()) found(batch[n]!.entry, answer)
        }
      }
    },
  }
}

const WHOLE = { start: 0, length: 0, at: 0, inBlocks: 0, flags: 0 }

/** The file of an entry. */
export function fileOf(entry: DiskEntry | EntryInTree): FileNode {
  if ('node' in entry && entry.node.type === InodeType.FILE) return entry.node
  throw new TypeError(`${toDisplay(entry.path)} is not a file that was found in this directory`)
}
