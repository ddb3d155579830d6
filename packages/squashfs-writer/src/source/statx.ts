/** statx: the Linux call for the status of a file. It takes half the time of Node's own call, which creates objects for all fields. */
import type { Identity } from '../tree/node.js'
import type { Status } from './filesystem.js'
import { type Libc, lastErrno, systemError } from './libc.js'

const AT_SYMLINK_NOFOLLOW = 0x100
const AT_EMPTY_PATH = 0x1000
const STATX_BASIC_STATS = 0x7ff

/** The size of `struct statx` and the offsets of its fields (linux/stat.h), in words of four bytes. They are the same on all architectures. */
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

/** The words of an identity, in the order of `identity.ts`. Fields that change without a change of the file (links, blocks, atime) are left out. */
const IDENTITY_WORDS = [
  ...range(WORD.inode, WORD.blocks), // and size
  ...range(WORD.ctime, WORD.rdevMajor), // and mtime
  ...range(WORD.uid, WORD.inode), // and gid, mode
  ...range(WORD.rdevMajor, WORD.deviceMinor + 1),
]

type StatxCall = (at: number, path: Uint8Array, flags: number, mask: number, found: Uint8Array) => number

/** The system call number by Node's name of the architecture. */
const STATX_NUMBER: Readonly<Record<string, number>> = { x64: 332, arm64: 291 }

/** Loads statx. glibc has the function since 2.28; with older versions this uses the system call number. */
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
   * The status of a directory entry.
   * @param directory an open directory.
   * @param name NUL-terminated; an empty name is the directory itself.
   */
  status(directory: number, name: Uint8Array): Status {
    this.#stat(directory, name, AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)
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

  /** The identity of an open file. */
  identity(descriptor: number): Identity {
    this.#stat(descriptor, NO_PATH, AT_EMPTY_PATH)
    return this.#identityFound()
  }

  #stat(at: number, path: Uint8Array, flags: number): void {
    if (this.#call(at, path, flags, STATX_BASIC_STATS, this.#found) !== 0) throw systemError(lastErrno())
  }

  /** A field of eight bytes. Both supported architectures are little-endian. */
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
