/** statx: Linux' call for the status of a file. It costs half as much as Node's own, which makes objects of all fields. */
import type { Identity } from '../tree/node.js'
import type { Status } from './filesystem.js'
import { type Libc, lastErrno, systemError } from './libc.js'

const AT_SYMLINK_NOFOLLOW = 0x100
const AT_EMPTY_PATH = 0x1000
const STATX_BASIC_STATS = 0x7ff

/** The size of `struct statx`, and where its fields lie (linux/stat.h), the same on every architecture; in words of four bytes. */
const WORDS = 64
const WORD = {
  links: 4,
  uid: 5,
  gid: 6,
  mode: 7,
  inode: 8,
  size: 10,
  blocks: 12,
  ctime: 24,
  mtime: 28,
  rdevMajor: 32,
  rdevMinor: 33,
  deviceMajor: 34,
  deviceMinor: 35,
} as const

/** The words of an identity, in the sequence of `identity.ts`: without what comes and goes (links, blocks, atime). */
const IDENTITY_WORDS = [
  ...range(WORD.inode, WORD.blocks), // and size
  ...range(WORD.ctime, WORD.rdevMajor), // and mtime
  ...range(WORD.uid, WORD.inode), // and gid, mode
  ...range(WORD.rdevMajor, WORD.deviceMinor + 1),
]

type StatxCall = (at: number, path: Uint8Array, flags: number, mask: number, found: Uint8Array) => number

/** The system call's number, by what Node calls the architecture. */
const STATX_NUMBER: Readonly<Record<string, number>> = { x64: 332, arm64: 291 }

/** glibc has the function from 2.28 on; with an older one the system call is made by its number. */
function loadStatx(libc: Libc): StatxCall {
  const parameters = 'int at, const void *path, int flags, unsigned int mask, void *found'
  try {
    return libc.func(`int statx(${parameters})`)
  } catch (error) {
    const number = STATX_NUMBER[process.arch]
    if (number === undefined) throw error
    const syscall = libc.func(`long syscall(long number, ${parameters})`)
    return (...args) => Number(syscall(number, ...args))
  }
}

const NO_PATH = new Uint8Array(1)

export class Statx {
  readonly #call: StatxCall
  readonly #words = new Uint32Array(WORDS)
  readonly #found = new Uint8Array(this.#words.buffer)
  readonly #identity = new Uint32Array(IDENTITY_WORDS.length)
  readonly #identityBytes = Buffer.from(this.#identity.buffer)

  constructor(libc: Libc) {
    this.#call = loadStatx(libc)
  }

  /**
   * @param directory an open directory.
   * @param name a name in it with a zero at its end; an empty one is the directory itself.
   */
  status(directory: number, name: Uint8Array): Status {
    this.#ask(directory, name, AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)
    const words = this.#words
    return {
      mode: words[WORD.mode]! & 0xffff,
      uid: words[WORD.uid]!,
      gid: words[WORD.gid]!,
      links: words[WORD.links]!,
      size: this.#long(WORD.size),
      blocks: this.#long(WORD.blocks),
      mtime: words[WORD.mtime]! + (words[WORD.mtime + 1]! | 0) * 2 ** 32,
      device: words[WORD.deviceMajor]! * 2 ** 32 + words[WORD.deviceMinor]!,
      major: words[WORD.rdevMajor]!,
      minor: words[WORD.rdevMinor]!,
      identity: this.#identityFound(),
    }
  }

  /** Of an open file. */
  identity(descriptor: number): Identity {
    this.#ask(descriptor, NO_PATH, AT_EMPTY_PATH)
    return this.#identityFound()
  }

  #ask(at: number, path: Uint8Array, flags: number): void {
    if (this.#call(at, path, flags, STATX_BASIC_STATS, this.#found) !== 0) throw systemError(lastErrno())
  }

  /** Eight bytes; both architectures that have Linux and Node's binaries begin with the lower four. */
  #long(at: number): number {
    return this.#words[at]! + this.#words[at + 1]! * 2 ** 32
  }

  #identityFound(): Identity {
    for (let n = 0; n < IDENTITY_WORDS.length; n++) this.#identity[n] = this.#words[IDENTITY_WORDS[n]!]!
    return this.#identityBytes.toString('latin1')
  }
}

function range(start: number, end: number): number[] {
  return Array.from({ length: end - start }, (_, n) => start + n)
}
