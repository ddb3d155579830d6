/** Stat batch: lists directories, and finds out about the names in them. */
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
  bringsXattrs,
  type DirectoryToList,
  FACT,
  FACTS,
  type Facts,
  type Jobs,
  NAMES_PER_BATCH,
  STAT_TIME,
  type XattrsRead,
} from './protocol.js'

const { S_IFMT, S_IFREG, S_IFDIR, S_IFLNK } = constants

/** Facts about what is in directories: of the first ones, as far as the time goes. */
export function statBatch(
  { directories, xattrs }: Jobs['stat']['ask'],
  entered: EnteredDirectories,
  timer: CallTimer,
): Jobs['stat']['answer'] {
  const end = performance.now() + STAT_TIME
  const answers: Jobs['stat']['answer'] = []
  for (const directory of directories) {
    answers.push(attempt(() => statDirectory(directory, xattrs, end, entered, timer)))
    if (performance.now() > end) break
  }
  return answers
}

function statDirectory(
  { names, ...place }: DirectoryToList,
  xattrs: XattrsRead,
  end: number,
  entered: EnteredDirectories,
  timer: CallTimer,
): Facts & { rest: ByteString[] } {
  const began = performance.now()
  const directory = entered.enter(place, false)
  const all = names ?? directory.names().sort()
  const facts = statNames(directory, all.slice(0, NAMES_PER_BATCH), xattrs, end, timer, timer.count(began))
  return { ...facts, rest: all.slice(facts.names.length) }
}

/** Facts about names, as far as the time goes, and at least about one. */
function statNames(
  directory: SourceDirectory,
  names: ByteString[],
  xattrs: XattrsRead,
  end: number,
  timer: CallTimer,
  start: number,
): Facts {
  const numbers = new Float64Array(names.length * FACTS)
  const identities = new Array<Identity>(names.length).fill('')
  const facts: Facts = { names, numbers, identities, targets: [], xattrs: [], hardLinks: [], failures: [] }
  let now = start
  for (let n = 0; n < names.length; n++) {
    const name = names[n]!
    try {
      const status = directory.status(name)
      setNumbers(numbers, n * FACTS, status)
      const type = status.mode & S_IFMT
      if (type === S_IFREG || type === S_IFDIR) identities[n] = status.identity
      if (type === S_IFLNK) facts.targets.push([n, directory.target(name)])
      if (status.links > 1 && type !== S_IFDIR) facts.hardLinks.push([n, inodeOf(status.identity)])
      if (xattrs === 'all' && !(type === S_IFREG && bringsXattrs(status.size))) {
        const found = directory.xattrs(name, isValueWanted)
        if (found.length > 0) facts.xattrs.push([n, found])
      }
      // Where only the owner has rights, no ACL gives more.
      if (xattrs === 'access-acl' && type !== S_IFLNK && (status.mode & 0o077) !== 0) {
        const acl = directory.xattr(name, ACCESS_ACL)
        if (acl) facts.xattrs.push([n, [[ACCESS_ACL, acl]]])
      }
    } catch (error) {
      facts.failures.push([n, failureOf(error)])
    }
    now = timer.count(now)
    if (now > end) names.length = n + 1
  }
  return facts
}

function setNumbers(numbers: Float64Array, at: number, status: Status): void {
  numbers[at + FACT.mode] = status.mode
  numbers[at + FACT.uid] = status.uid
  numbers[at + FACT.gid] = status.gid
  numbers[at + FACT.mtime] = status.mtime
  numbers[at + FACT.size] = status.size
  numbers[at + FACT.blocks] = status.blocks
  numbers[at + FACT.device] = status.device
  numbers[at + FACT.major] = status.major
  numbers[at + FACT.minor] = status.minor
}
