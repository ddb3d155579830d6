/** Stat batch: lists directories, and reads the status and xattrs of their entries. */
import { constants } from 'node:fs'
import { ACCESS_ACL } from '../../tree/access-acl.js'
import type { ByteString } from '../../tree/byte-string.js'
import type { Identity } from '../../tree/node.js'
import { isValueWanted } from '../../tree/rules.js'
import type { SourceDirectory, Status } from '../filesystem.js'
import { inodeOf } from '../identity.js'
import type { CallTimer } from './call-timer.js'
import type { EnteredDirectories } from './entered-directories.js'
import { attempt, failureOf } from './failure.js'
import {
  type DirectoryToList,
  type Jobs,
  NAMES_PER_BATCH,
  STAT_FIELD,
  STAT_FIELDS,
  STAT_TIME,
  type StatBatch,
  type XattrsRead,
  xattrsWithContent,
} from './protocol.js'

const { S_IFMT, S_IFREG, S_IFDIR, S_IFLNK } = constants

/** Does the job for as many directories as the time allows, and at least for one. */
export function statBatch(
  { directories, xattrs }: Jobs['stat']['request'],
  entered: EnteredDirectories,
  timer: CallTimer,
): Jobs['stat']['response'] {
  const end = performance.now() + STAT_TIME
  const responses: Jobs['stat']['response'] = []
  for (const directory of directories) {
    responses.push(attempt(() => statDirectory(directory, xattrs, end, entered, timer)))
    if (performance.now() > end) break
  }
  return responses
}

function statDirectory(
  { names, ...place }: DirectoryToList,
  xattrs: XattrsRead,
  end: number,
  entered: EnteredDirectories,
  timer: CallTimer,
): StatBatch & { rest: ByteString[] } {
  const began = performance.now()
  const directory = entered.enter(place, false)
  const all = names ?? directory.names().sort()
  const batch = statNames(directory, all.slice(0, NAMES_PER_BATCH), xattrs, end, timer, timer.count(began))
  return { ...batch, rest: all.slice(batch.names.length) }
}

/** Reads the status of as many names as the time allows, and at least of one. */
function statNames(
  directory: SourceDirectory,
  names: ByteString[],
  xattrs: XattrsRead,
  end: number,
  timer: CallTimer,
  start: number,
): StatBatch {
  const numbers = new Float64Array(names.length * STAT_FIELDS)
  const identities = new Array<Identity>(names.length).fill('')
  const batch: StatBatch = {
    names,
    numbers,
    identities,
    targets: [],
    xattrs: [],
    hardLinks: [],
    failures: [],
  }
  let now = start
  for (let n = 0; n < names.length; n++) {
    const name = names[n]!
    try {
      const status = directory.status(name)
      setNumbers(numbers, n * STAT_FIELDS, status)
      const type = status.mode & S_IFMT
      if (type === S_IFREG || type === S_IFDIR) identities[n] = status.identity
      if (type === S_IFLNK) batch.targets.push([n, directory.target(name)])
      if (status.links > 1 && type !== S_IFDIR) batch.hardLinks.push([n, inodeOf(status.identity)])
      if (xattrs === 'all' && !(type === S_IFREG && xattrsWithContent(status.size))) {
        const found = directory.xattrs(name, isValueWanted)
        if (found.length > 0) batch.xattrs.push([n, found])
      }
      // If only the owner has rights, an ACL grants no more.
      if (xattrs === 'access-acl' && type !== S_IFLNK && (status.mode & 0o077) !== 0) {
        const acl = directory.xattr(name, ACCESS_ACL)
        if (acl) batch.xattrs.push([n, [[ACCESS_ACL, acl]]])
      }
    } catch (error) {
      batch.failures.push([n, failureOf(error)])
    }
    now = timer.count(now)
    if (now > end) names.length = n + 1
  }
  return batch
}

function setNumbers(numbers: Float64Array, at: number, status: Status): void {
  numbers[at + STAT_FIELD.mode] = status.mode
  numbers[at + STAT_FIELD.uid] = status.uid
  numbers[at + STAT_FIELD.gid] = status.gid
  numbers[at + STAT_FIELD.mtime] = status.mtime
  numbers[at + STAT_FIELD.size] = status.size
  numbers[at + STAT_FIELD.blocks] = status.blocks
  numbers[at + STAT_FIELD.device] = status.device
  numbers[at + STAT_FIELD.major] = status.major
  numbers[at + STAT_FIELD.minor] = status.minor
}
