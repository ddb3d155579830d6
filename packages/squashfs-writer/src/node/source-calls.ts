/** Source calls: what the filesystem that is packed is asked, blocking, by byte paths, never following a symlink at the last step. */
import type { ByteString } from '../tree/byte-string.js'
import type { Identity, Xattr } from '../tree/node.js'

/** What an `lstat` tells. */
export interface Status {
  /** Type and permission bits. */
  readonly mode: number
  readonly uid: number
  readonly gid: number
  readonly links: number
  /** Bytes. */
  readonly size: number
  /** Of 512 bytes. */
  readonly blocks: number
  /** Whole seconds since 1970, rounded down. */
  readonly mtime: number
  /** The filesystem that it lies on. */
  readonly device: number
  /** Of a device node. */
  readonly major: number
  readonly minor: number
  readonly identity: Identity
}

/** Calls that fail throw an Error with the system's `code`, and its words as the message. */
export interface SourceCalls {
  /** What is in a folder, in no certain order. */
  names(folder: ByteString): ByteString[]
  status(path: ByteString): Status
  /** Where a symlink leads. */
  target(path: ByteString): ByteString
  /** Opens a regular file for reading; returns its descriptor. */
  open(path: ByteString): number
  close(descriptor: number): void
  identity(descriptor: number): Identity
  /**
   * All extended attributes; those whose names `wanted` refuses come with an empty value. A filesystem without xattrs has
   * none.
   */
  xattrs(path: ByteString, wanted: (name: ByteString) => boolean): Xattr[]
  /**
   * Where an open file has data, as [start, end, start, end, ...] in ascending order; the rest, up to `size`, is holes.
   * A filesystem that cannot tell has data everywhere.
   */
  extents(descriptor: number, size: number): number[]
}

/** Linux' own calls where there is Linux; elsewhere Node's, which know neither xattrs nor holes. */
export async function loadSourceCalls(): Promise<SourceCalls> {
  if (process.platform !== 'linux') return (await import('./portable-calls.js')).portableCalls()
  return (await import('./libc.js')).libcCalls()
}
