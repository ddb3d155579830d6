/** Job runner: does jobs one after another, with blocking calls, which cost far less than Node's asynchronous ones. */
import { constants, readSync } from 'node:fs'
import { ACCESS_ACL } from '../tree/access-acl.js'
import type { ByteString } from '../tree/byte-string.js'
import type { FolderOnDisk, Identity } from '../tree/node.js'
import { isValueWanted } from '../tree/rules.js'
import { createLargeDigest, digestOf, PART_SIZE } from './digest.js'
import { changeSince, differsInCtimeAlone, inodeOf } from './identity.js'
import {
  type AnswerMessage,
  bringsXattrs,
  FACT,
  FACTS,
  type Facts,
  type Failure,
  type Folder,
  type JobMessage,
  type Jobs,
  LOOK_TIME,
  NAMES_PER_LOOK,
  type PlaceOnDisk,
  type ReadItem,
  SLOW_CALL,
  type XattrsRead,
} from './jobs.js'
import { loadSourceCalls, type SourceCalls, type SourceFolder, type Status } from './source-calls.js'
import { withName } from './system-error.js'

const { S_IFMT, S_IFREG, S_IFDIR, S_IFLNK } = constants

/** How often a file is read that gets or loses names while it is read. */
const MOST_READS = 10

/** A folder that is open. */
interface Entered extends FolderOnDisk {
  readonly folder: SourceFolder
}

/** Does jobs for whoever has it: a worker thread, or the main thread where that is all there is. */
export interface JobRunner {
  run(message: JobMessage): Promise<AnswerMessage>
  /** Closes the file and the folder that may be open still. */
  close(): void
}

export function createJobRunner(): JobRunner {
  /** Metadata calls of the job at hand, and how many of them were slow. */
  let calls = 0
  let slowCalls = 0
  /** Loaded when the first job comes. */
  let source: SourceCalls | null = null
  /** The file that was opened last: the parts of a large file come one after another. */
  let open: { readonly place: PlaceOnDisk; readonly descriptor: number } | null = null

  /** The folder that a file was opened in last: files of a folder come one after another. */
  let entered: Entered | null = null

  return { run, close }

  async function run(message: JobMessage): Promise<AnswerMessage> {
    const { id } = message
    source ??= await loadSourceCalls()
    calls = 0
    slowCalls = 0
    try {
      return { id, answer: work(message, source), calls, slowCalls }
    } catch (error) {
      return { id, failure: failureOf(error), calls, slowCalls }
    }
  }

  function work(message: JobMessage, source: SourceCalls): unknown {
    switch (message.name) {
      case 'look':
        return look(message.ask.folders, message.ask.xattrs, source)
      case 'read': {
        const buffer = new Uint8Array(message.ask.buffer)
        const xattrs: Jobs['read']['answer']['xattrs'] = []
        const { items } = message.ask
        const found = items.map((item, n) =>
          readItem(item, buffer, source, isSameFile(item, items[n + 1]), (file) => {
            const has = source.xattrs(file, isValueWanted)
            if (xattrs.at(-1)?.[0] === n) xattrs.pop() // the file is read again
            if (has.length > 0) xattrs.push([n, has])
          }),
        )
        return { found, xattrs, buffer: message.ask.buffer } satisfies Jobs['read']['answer']
      }
      case 'digest': {
        const { item } = message.ask
        return attempt(() => withFile(item, source, (descriptor) => digestOfFile(descriptor, item, source)))
      }
      case 'extents': {
        const { item } = message.ask
        return attempt(() => withFile(item, source, (descriptor) => source.extents(descriptor, item.size)))
      }
    }
  }

  /** Counts a metadata call, or a few that belong together, by when it began; returns when it ended. */
  function count(began: number): number {
    const ended = performance.now()
    calls++
    if (ended - began > SLOW_CALL) slowCalls++
    return ended
  }

  function look(folders: readonly Folder[], xattrs: XattrsRead, source: SourceCalls): Jobs['look']['answer'] {
    const end = performance.now() + LOOK_TIME
    const answers: Jobs['look']['answer'] = []
    for (const folder of folders) {
      answers.push(attempt(() => lookInto(folder, xattrs, end, source)))
      if (performance.now() > end) break
    }
    return answers
  }

  function lookInto({ names, ...place }: Folder, xattrs: XattrsRead, end: number, source: SourceCalls) {
    const began = performance.now()
    const folder = enterSeen(place, false, source)
    try {
      const all = names ?? folder.names().sort()
      const facts = factsOf(folder, all.slice(0, NAMES_PER_LOOK), xattrs, end, count(began))
      return { ...facts, rest: all.slice(facts.names.length) }
    } finally {
      folder.close()
    }
  }

  /** Facts about names, as far as the time goes, and at least about one. */
  function factsOf(
    folder: SourceFolder,
    names: ByteString[],
    xattrs: XattrsRead,
    end: number,
    start: number,
  ): Facts {
    const numbers = new Float64Array(names.length * FACTS)
    const identities = new Array<Identity>(names.length).fill('')
    const facts: Facts = { names, numbers, identities, targets: [], xattrs: [], hardLinks: [], failures: [] }
    let now = start
    for (let n = 0; n < names.length; n++) {
      const name = names[n]!
      try {
        const status = folder.status(name)
        setNumbers(numbers, n * FACTS, status)
        const type = status.mode & S_IFMT
        if (type === S_IFREG || type === S_IFDIR) identities[n] = status.identity
        if (type === S_IFLNK) facts.targets.push([n, folder.target(name)])
        if (status.links > 1 && type !== S_IFDIR) facts.hardLinks.push([n, inodeOf(status.identity)])
        if (xattrs === 'all' && !(type === S_IFREG && bringsXattrs(status.size))) {
          const found = folder.xattrs(name, isValueWanted)
          if (found.length > 0) facts.xattrs.push([n, found])
        }
        // Where only the owner has rights, no ACL gives more.
        if (xattrs === 'access-acl' && type !== S_IFLNK && (status.mode & 0o077) !== 0) {
          const acl = folder.xattr(name, ACCESS_ACL)
          if (acl) facts.xattrs.push([n, [[ACCESS_ACL, acl]]])
        }
      } catch (error) {
        facts.failures.push([n, failureOf(error)])
      }
      now = count(now)
      if (now > end) names.length = n + 1
    }
    return facts
  }

  function readItem(
    item: ReadItem,
    buffer: Uint8Array,
    source: SourceCalls,
    goesOn: boolean,
    takeXattrs: (descriptor: number) => void,
  ): Failure | string | null {
    try {
      const use = (descriptor: number) => {
        if (item.xattrs) takeXattrs(descriptor)
        readWhole(descriptor, buffer, item.at, item.length, item.start, item.size)
        return item.digest ? digestOf(buffer.subarray(item.at, item.at + item.length)) : null
      }
      return withFile(item, source, use, goesOn)
    } catch (error) {
      return failureOf(error)
    }
  }

  /**
   * Opens a file, lets `use` read it, and makes sure that it was the file seen before, and unchanged.
   * @param goesOn whether the same file is wanted once more, though this was its end.
   */
  function withFile<T>(
    item: ReadItem,
    source: SourceCalls,
    use: (descriptor: number) => T,
    goesOn = false,
  ): T {
    if (typeof item.from === 'number') return use(item.from)
    const descriptor = openFile(item.from, source)
    try {
      const result = useUnchanged(item.from.seen, source, descriptor, use)
      if (item.start + item.length >= item.size && !goesOn) closeFile()
      return result
    } catch (error) {
      closeFile()
      throw error
    }
  }

  /** What `use` makes of a file whose content stayed the same meanwhile. */
  function useUnchanged<T>(
    atFirst: Identity,
    source: SourceCalls,
    descriptor: number,
    use: (descriptor: number) => T,
  ): T {
    let seen = atFirst
    for (let reads = 1; ; reads++) {
      const result = use(descriptor)
      const now = source.identity(descriptor)
      const change = changeSince(seen, now)
      if (change === null) return result
      if (!differsInCtimeAlone(seen, now) || reads === MOST_READS) throw changed(change)
      seen = now
    }
  }

  function openFile(place: PlaceOnDisk, source: SourceCalls): number {
    if (open && isSamePlace(open.place, place)) return open.descriptor
    closeFile()
    const began = performance.now()
    try {
      const { path, seen } = place.folder
      if (entered?.path !== path || entered.seen !== seen) {
        leaveFolder()
        entered = { path, seen, folder: enterSeen(place.folder, true, source) }
      }
      open = { place, descriptor: entered.folder.open(place.name) }
      return open.descriptor
    } finally {
      count(began)
    }
  }

  function closeFile(): void {
    if (open) source?.close(open.descriptor)
    open = null
  }

  function leaveFolder(): void {
    entered?.folder.close()
    entered = null
  }

  function close(): void {
    closeFile()
    leaveFolder()
  }

  function digestOfFile(descriptor: number, item: ReadItem, source: SourceCalls): string {
    const digest = createLargeDigest(item.length)
    const buffer = new Uint8Array(PART_SIZE)
    const extents = typeof item.from === 'object' ? source.extents(descriptor, item.size) : [0, item.length]
    let next = 0
    for (let n = 0; n < extents.length; n += 2) {
      const first = Math.max(next, Math.floor(extents[n]! / PART_SIZE) * PART_SIZE)
      for (next = first; next < extents[n + 1]!; next += PART_SIZE) {
        const length = Math.min(PART_SIZE, item.length - next)
        readWhole(descriptor, buffer, 0, length, item.start + next, item.size)
        digest.add(buffer.subarray(0, length), next)
      }
    }
    return digest.result()
  }
}

function isSameFile({ from }: ReadItem, next: ReadItem | undefined): boolean {
  return typeof from === 'object' && typeof next?.from === 'object' && isSamePlace(from, next.from)
}

function isSamePlace(one: PlaceOnDisk, other: PlaceOnDisk): boolean {
  return one.name === other.name && one.folder.path === other.folder.path
}

/**
 * Enters a folder, and makes sure that it is the one that was seen: on the way to it a folder may have been replaced, by a
 * symlink that leads elsewhere above all.
 */
function enterSeen({ path, seen }: FolderOnDisk, follow: boolean, source: SourceCalls): SourceFolder {
  const folder = source.enter(path, follow)
  try {
    if (seen === null || inodeOf(folder.status('').identity) === seen) return folder
    throw changed('a folder on the way to it was replaced by another after it was found')
  } catch (error) {
    folder.close()
    throw error
  }
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

/** Reads `length` bytes from `start` on into a buffer. */
function readWhole(
  descriptor: number,
  buffer: Uint8Array,
  at: number,
  length: number,
  start: number,
  size: number,
): void {
  for (let done = 0; done < length; ) {
    const n = readSync(descriptor, buffer, at + done, length - done, start + done)
    if (n === 0) throw changed(`it shrank from ${size} to ${start + done} bytes while it was read`)
    done += n
  }
}

class ChangedError extends Error {
  readonly code = 'CHANGED'
}

function changed(message: string): ChangedError {
  return new ChangedError(message)
}

function attempt<T>(act: () => T): T | Failure {
  try {
    return act()
  } catch (error) {
    return failureOf(error)
  }
}

/** The system's code and words, without the path, which the caller knows better. */
function failureOf(thrown: unknown): Failure {
  const error = withName(thrown)
  if (!(error instanceof Error)) return { code: 'UNKNOWN', message: String(error) }
  const code = 'code' in error && typeof error.code === 'string' ? error.code : 'UNKNOWN'
  if (code === 'ENOENT') return { code, message: 'it vanished after it was found' }
  return { code, message: error.message.replace(/^[A-Z]+: /, '').replace(/, \w+( '.*)?$/s, '') }
}
