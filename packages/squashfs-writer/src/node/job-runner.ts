/** Job runner: does jobs one after another, with blocking calls, which cost far less than Node's asynchronous ones. */
import {
  type BigIntStats,
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readlinkSync,
  readSync,
} from 'node:fs'
import type { ByteString } from '../tree/byte-string.js'
import type { Identity } from '../tree/node.js'
import { isPortableXattr } from '../tree/rules.js'
import { createLargeDigest, digestOf, PART_SIZE } from './digest.js'
import { changeSince, identityOf, inodeOf } from './identity.js'
import {
  type AnswerMessage,
  FACT,
  FACTS,
  type Facts,
  type Failure,
  type Folder,
  type JobMessage,
  type Jobs,
  LOOK_TIME,
  NAMES_PER_LOOK,
  type ReadItem,
  SLOW_CALL,
  unpackItems,
} from './jobs.js'

const OPEN_FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK

/** Does jobs for whoever has it: a worker thread, or the main thread where that is all there is. */
export interface JobRunner {
  run(message: JobMessage): Promise<AnswerMessage>
  /** Closes the file that may be open still. */
  close(): void
}

export function createJobRunner(): JobRunner {
  /** Metadata calls of the job at hand, and how many of them were slow. */
  let calls = 0
  let slowCalls = 0
  /** libc's calls; loaded when the first is needed. */
  let libc: typeof import('./libc.js') | null = null
  /** The file that was opened last: the parts of a large file come one after another. */
  let open: { readonly path: ByteString; readonly descriptor: number } | null = null

  return { run, close: closeFile }

  async function run(message: JobMessage): Promise<AnswerMessage> {
    const { id, name } = message
    if (process.platform === 'linux') {
      const needed = name === 'extents' || name === 'digest' || (name === 'look' && message.ask.xattrs)
      if (needed) libc ??= await import('./libc.js')
    }
    calls = 0
    slowCalls = 0
    try {
      return { id, answer: work(message), calls, slowCalls }
    } catch (error) {
      return { id, failure: failureOf(error), calls, slowCalls }
    }
  }

  function work(message: JobMessage): unknown {
    switch (message.name) {
      case 'look':
        return look(message.ask.folders, message.ask.xattrs)
      case 'read': {
        const buffer = new Uint8Array(message.ask.buffer)
        const found = unpackItems(message.ask.items).map((item) => readItem(item, buffer))
        return { found, buffer: message.ask.buffer }
      }
      case 'digest':
        return attempt(() =>
          withFile(message.ask.item, (descriptor) => digestOfFile(descriptor, message.ask.item)),
        )
      case 'extents': {
        const { item } = message.ask
        return attempt(() => withFile(item, (descriptor) => extentsOf(descriptor, item)))
      }
    }
  }

  /** Makes a metadata call, and takes its time. */
  function timed<T>(call: () => T): T {
    const start = performance.now()
    try {
      return call()
    } finally {
      calls++
      if (performance.now() - start > SLOW_CALL) slowCalls++
    }
  }

  function look(folders: readonly Folder[], xattrs: boolean): Jobs['look']['answer'] {
    const end = performance.now() + LOOK_TIME
    const answers: Jobs['look']['answer'] = []
    for (const { path, names } of folders) {
      answers.push(
        attempt(() => {
          const all = names ?? timed(() => readdirSync(diskPath(path), { encoding: 'latin1' }))
          const facts = factsOf(path, all.slice(0, NAMES_PER_LOOK), xattrs, end)
          return { ...facts, rest: all.slice(facts.names.length) }
        }),
      )
      if (performance.now() > end) break
    }
    return answers
  }

  /** Facts about names, as far as the time goes, and at least about one. */
  function factsOf(directory: ByteString, names: ByteString[], wantsXattrs: boolean, end: number): Facts {
    const numbers = new Float64Array(names.length * FACTS)
    const identities = new Array<Identity>(names.length).fill('')
    const facts: Facts = { names, numbers, identities, targets: [], xattrs: [], hardLinks: [], failures: [] }
    for (const [n, name] of names.entries()) {
      const path = name === '' ? directory : `${directory}/${name}`
      const onDisk = diskPath(path)
      try {
        const stats = timed(() => lstatSync(onDisk, { bigint: true }))
        setNumbers(numbers, n * FACTS, stats)
        if (stats.isSymbolicLink()) facts.targets.push([n, readlinkSync(onDisk, { encoding: 'latin1' })])
        if (stats.isFile()) facts.identities[n] = identityOf(stats)
        if (stats.nlink > 1n && !stats.isDirectory()) facts.hardLinks.push([n, inodeOf(stats)])
        if (wantsXattrs && libc) {
          const xattrs = libc.readXattrs(path, isPortableXattr)
          if (xattrs.length > 0) facts.xattrs.push([n, xattrs])
        }
      } catch (error) {
        facts.failures.push([n, failureOf(error)])
      }
      if (performance.now() > end) names.length = n + 1
    }
    return facts
  }

  function readItem(item: ReadItem, buffer: Uint8Array): Failure | string | null {
    return attempt(() =>
      withFile(item, (descriptor) => {
        const bytes = buffer.subarray(item.at, item.at + item.length)
        readWhole(descriptor, bytes, item.start, item)
        return item.digest ? digestOf(bytes) : null
      }),
    )
  }

  /** Opens a file, lets `use` read it, and makes sure that it was the file seen before, and unchanged. */
  function withFile<T>(item: ReadItem, use: (descriptor: number) => T): T {
    if (typeof item.from === 'number') return use(item.from)
    const descriptor = openFile(item.from)
    try {
      const result = use(descriptor)
      const change =
        item.seen === null ? null : changeSince(item.seen, fstatSync(descriptor, { bigint: true }))
      if (change !== null) throw changed(change)
      if (item.start + item.length >= item.size) closeFile()
      return result
    } catch (error) {
      closeFile()
      throw error
    }
  }

  function openFile(path: ByteString): number {
    if (open?.path === path) return open.descriptor
    closeFile()
    open = { path, descriptor: timed(() => openSync(diskPath(path), OPEN_FLAGS)) }
    return open.descriptor
  }

  function closeFile(): void {
    if (open) closeSync(open.descriptor)
    open = null
  }

  function digestOfFile(descriptor: number, item: ReadItem): string {
    const digest = createLargeDigest()
    const buffer = new Uint8Array(PART_SIZE)
    const extents = typeof item.from === 'string' ? extentsOf(descriptor, item) : [0, item.length]
    let next = 0
    for (let n = 0; n < extents.length; n += 2) {
      const first = Math.max(next, Math.floor(extents[n]! / PART_SIZE) * PART_SIZE)
      for (next = first; next < extents[n + 1]!; next += PART_SIZE) {
        const part = buffer.subarray(0, Math.min(PART_SIZE, item.length - next))
        readWhole(descriptor, part, item.start + next, item)
        digest.add(part, next)
      }
    }
    return digest.result()
  }

  function extentsOf(descriptor: number, item: ReadItem): number[] {
    return libc?.dataExtents(descriptor, item.size) ?? [0, item.size]
  }
}

function setNumbers(numbers: Float64Array, at: number, stats: BigIntStats): void {
  numbers[at + FACT.mode] = Number(stats.mode)
  numbers[at + FACT.uid] = Number(stats.uid)
  numbers[at + FACT.gid] = Number(stats.gid)
  numbers[at + FACT.mtime] = secondsOf(stats.mtimeNs)
  numbers[at + FACT.size] = Number(stats.size)
  numbers[at + FACT.blocks] = Number(stats.blocks)
  numbers[at + FACT.device] = Number(stats.dev)
  numbers[at + FACT.rdev] = Number(stats.rdev)
}

/** Whole seconds, rounded down. Node's `mtimeMs` is a double that rounds .9999999 s up, and a `.pyc` would be stale. */
function secondsOf(nanoseconds: bigint): number {
  return (
    Number(nanoseconds / 1_000_000_000n) - (nanoseconds < 0n && nanoseconds % 1_000_000_000n !== 0n ? 1 : 0)
  )
}

function readWhole(descriptor: number, bytes: Uint8Array, start: number, item: ReadItem): void {
  for (let at = 0; at < bytes.length; ) {
    const n = readSync(descriptor, bytes, at, bytes.length - at, start + at)
    if (n === 0) throw changed(`it shrank from ${item.size} to ${start + at} bytes while it was read`)
    at += n
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
function failureOf(error: unknown): Failure {
  if (!(error instanceof Error)) return { code: 'UNKNOWN', message: String(error) }
  const code = 'code' in error && typeof error.code === 'string' ? error.code : 'UNKNOWN'
  if (code === 'ENOENT') return { code, message: 'it vanished after it was found' }
  return { code, message: error.message.replace(/^[A-Z]+: /, '').replace(/, \w+( '.*)?$/s, '') }
}

/** What Node's calls take for a byte string. */
function diskPath(path: ByteString): Buffer {
  return Buffer.from(path, 'latin1')
}
