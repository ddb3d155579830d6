/** Filesystem: the calls of a source to its disk, blocking, by byte paths, without following a symlink at the last step. */
import type { ByteString } from '../tree/byte-string.js'
import type { Identity, Xattr } from '../tree/node.js'

/** The answer of an `lstat`. */
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

/** A directory that was opened: the place from which its names are reached, without a way that leads through other directories. */
export interface SourceDirectory {
  /** The names in it, in no certain order. */
  names(): ByteString[]
  // Of each name; '' is the directory itself.
  status(name: ByteString): Status
  /** Where a symlink leads. */
  target(name: ByteString): ByteString
  /** Opens a regular file for reading; returns its descriptor. */
  open(name: ByteString): number
  /**
   * Opens a directory in it.
   * @param follow whether a symlink to a directory will do.
   */
  enter(name: ByteString, follow: boolean): SourceDirectory
  /**
   * All extended attributes; those whose names `wanted` refuses come with an empty value. A filesystem without xattrs has
   * none.
   */
  xattrs(name: ByteString, wanted: (name: ByteString) => boolean): Xattr[]
  /** The value of one extended attribute; null where there is none. */
  xattr(name: ByteString, attribute: ByteString): Uint8Array | null
  close(): void
}

/** Calls that fail throw an Error with the system's `code`, and its words as the message. */
export interface SourceCalls {
  /** @param follow whether a symlink to a directory will do. */
  enter(directory: ByteString, follow: boolean): SourceDirectory
  close(descriptor: number): void
  identity(descriptor: number): Identity
  /** As {@link SourceDirectory.xattrs}, of an open file. */
  xattrs(descriptor: number, wanted: (name: ByteString) => boolean): Xattr[]
  /**
   * Where an open file has data, as [start, end, start, end, ...] in ascending order; the rest, up to `size`, is holes.
   * A filesystem that cannot tell has data everywhere.
   */
  extents(descriptor: number, size: number): number[]
}

/** A path as its directory and its name in it. */
export function splitPath(path: ByteString): { readonly directory: ByteString; readonly name: ByteString } {
  const cut = path.lastIndexOf('/')
  if (cut < 0) return { directory: '.', name: path }
  return { directory: cut === 0 ? '/' : path.slice(0, cut), name: path.slice(cut + 1) }
}

/** Linux' own calls where there is Linux; elsewhere Node's, which know neither xattrs nor holes. */
export async function loadSourceCalls(): Promise<SourceCalls> {
  if (process.platform !== 'linux') return (await import('./portable-filesystem.js')).portableCalls()
  return (await import('./linux-filesystem.js')).linuxCalls()
}
