/** Filesystem: the interface of the system calls of a source. They are blocking, take paths as bytes, and do not follow a symlink as the last part. */
import type { ByteString } from '../tree/byte-string.js'
import type { Identity, Xattr } from '../tree/node.js'

/** The result of an `lstat`. */
export interface Status {
  /** Type and permission bits. */
  readonly mode: number
  readonly uid: number
  readonly gid: number
  readonly links: number
  /** In bytes. */
  readonly size: number
  /** Number of blocks of 512 bytes. */
  readonly blocks: number
  /** Seconds since 1970, rounded down. */
  readonly mtime: number
  /** The filesystem. */
  readonly device: number
  /** The numbers of a device node. */
  readonly major: number
  readonly minor: number
  readonly identity: Identity
}

/** An open directory. Its entries are accessed relative to it, so that no other directory is on the path. The name '' is the directory itself. */
export interface SourceDirectory {
  /** The names of its entries, in any order. */
  names(): ByteString[]
  status(name: ByteString): Status
  /** The target of a symlink. */
  target(name: ByteString): ByteString
  /** Opens a regular file for reading; returns its descriptor. */
  open(name: ByteString): number
  /**
   * Opens a subdirectory.
   * @param follow whether a symlink to a directory is followed.
   */
  enter(name: ByteString, follow: boolean): SourceDirectory
  /**
   * All extended attributes. The value is empty if `wanted` refuses the name. There are none on a filesystem without xattrs.
   */
  xattrs(name: ByteString, wanted: (name: ByteString) => boolean): Xattr[]
  /** The value of one extended attribute; null if there is none. */
  xattr(name: ByteString, attribute: ByteString): Uint8Array | null
  close(): void
}

/** The calls. A call that fails throws an Error with the `code` and description of the system error. */
export interface SourceCalls {
  /** Opens a directory. @param follow whether a symlink to a directory is followed. */
  enter(directory: ByteString, follow: boolean): SourceDirectory
  close(descriptor: number): void
  identity(descriptor: number): Identity
  /** Like {@link SourceDirectory.xattrs}, for an open file. */
  xattrs(descriptor: number, wanted: (name: ByteString) => boolean): Xattr[]
  /**
   * The parts of an open file that have data, as [start, end, start, end, ...] in ascending order. The rest, up to `size`, is
   * holes. If the filesystem does not report holes, the whole file is data.
   */
  extents(descriptor: number, size: number): number[]
}

/** Splits a path into its directory and its last name. */
export function splitPath(path: ByteString): { readonly directory: ByteString; readonly name: ByteString } {
  const cut = path.lastIndexOf('/')
  if (cut < 0) return { directory: '.', name: path }
  return { directory: cut === 0 ? '/' : path.slice(0, cut), name: path.slice(cut + 1) }
}

/** Loads the calls of Linux; on other systems those of Node, which has none for xattrs and holes. */
export async function loadSourceCalls(): Promise<SourceCalls> {
  if (process.platform !== 'linux') return (await import('./portable-filesystem.js')).portableCalls()
  return (await import('./linux-filesystem.js')).linuxCalls()
}
