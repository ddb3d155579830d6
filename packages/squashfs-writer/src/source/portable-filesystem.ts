/** Portable filesystem: the source calls with Node alone. Node has no calls for xattrs and holes. */
import {
  type BigIntStats,
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readlinkSync,
  realpathSync,
} from 'node:fs'
import { type ByteString, fromBytes } from '../tree/byte-string.js'
import type { Identity } from '../tree/node.js'
import type { SourceCalls, SourceDirectory, Status } from './filesystem.js'

const OPEN_FLAGS = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0)

export function portableCalls(): SourceCalls {
  return {
    enter: enterDirectory,
    close: closeSync,
    identity: (descriptor) => identityOf(fstatSync(descriptor, { bigint: true })),
    xattrs: () => [],
    extents: (_, size) => [0, size],
  }
}

function enterDirectory(directory: ByteString, follow: boolean): SourceDirectory {
  const real = follow ? realpathSync.native(diskPath(directory), { encoding: 'latin1' }) : directory
  const path = (name: ByteString) => diskPath(name === '' ? real : `${real}/${name}`)
  if (!lstatSync(path('')).isDirectory())
    throw Object.assign(new Error('not a directory'), { code: 'ENOTDIR' })
  return {
    names: () => readdirSync(path(''), { encoding: 'latin1' }),
    status: (name) => statusOf(lstatSync(path(name), { bigint: true })),
    target: (name) => readlinkSync(path(name), { encoding: 'latin1' }),
    open: (name) => openSync(path(name), OPEN_FLAGS),
    enter: (name, followName) => enterDirectory(`${real}/${name}`, followName),
    xattrs: () => [],
    xattr: () => null,
    close: () => {},
  }
}

function diskPath(path: ByteString): Buffer {
  return Buffer.from(path, 'latin1')
}

function statusOf(stats: BigIntStats): Status {
  return {
    mode: Number(stats.mode),
    uid: Number(stats.uid),
    gid: Number(stats.gid),
    links: Number(stats.nlink),
    size: Number(stats.size),
    blocks: Number(stats.blocks),
    mtime: secondsOf(stats.mtimeNs),
    device: Number(stats.dev),
    major: Number((stats.rdev >> 24n) & 0xffn),
    minor: Number(stats.rdev & 0xffffffn),
    identity: identityOf(stats),
  }
}

/** Seconds, rounded down. Node's `mtimeMs` is a double in which .9999999 s is rounded up, which would make a `.pyc` stale. */
function secondsOf(nanoseconds: bigint): number {
  const whole = nanoseconds / 1_000_000_000n
  return Number(nanoseconds < whole * 1_000_000_000n ? whole - 1n : whole)
}

/** Nanoseconds in a second. */
const BILLION = 1_000_000_000n

function identityOf({ ino, size, ctimeNs, mtimeNs, uid, gid, mode, dev }: BigIntStats): Identity {
  const times = [ctimeNs / BILLION, ctimeNs % BILLION, mtimeNs / BILLION, mtimeNs % BILLION]
  const numbers = [ino, size, ...times, uid, gid, mode, dev]
  const fields = new DataView(new ArrayBuffer(8 * numbers.length))
  for (const [n, field] of numbers.entries()) fields.setBigUint64(8 * n, BigInt.asUintN(64, field), true)
  return fromBytes(new Uint8Array(fields.buffer))
}
