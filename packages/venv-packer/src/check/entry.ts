/** The input of the check: the entries of an environment, and the parts of files that it needs. */
import type { Failure, FoundEntry } from 'squashfs-writer'
import type { BytePath, ByteString } from 'squashfs-writer/paths'
import type { BytecodeHeader } from './formats/bytecode-header.js'
import type { ElfFile } from './formats/elf.js'

/** An entry of an environment, on disk or in an image. */
export interface Entry {
  /** Null if the entry could not be read, or if squashfs has no such type. Then `failure` says why. */
  readonly type: Exclude<FoundEntry['type'], 'hardlink'> | null
  /** Relative to the environment, one character for each byte; '' for the environment itself. */
  readonly path: BytePath
  /** Permission bits. */
  readonly mode: number
  readonly uid: number
  readonly gid: number
  /** Whole seconds since 1970, rounded down. */
  readonly mtime: number
  /** The size of a file; 0 for other types. */
  readonly size: number
  /** Identifies an inode with several names; null for other inodes, and for directories. */
  readonly inode: string | null
  /** The target of a symlink; null for other types. */
  readonly target: BytePath | null
  /** Why the entry cannot be packed, as far as it is known without reading it; null if it can. */
  readonly failure: Failure | null
}

/** The part of a file that was read, by the kind of file. */
export type Content =
  /** A whole text file. */
  | { readonly kind: 'text'; readonly text: ByteString }
  /** The first bytes of a file in `bin`. */
  | { readonly kind: 'program'; readonly head: ByteString }
  /** Null for a file that is truncated or is not bytecode. */
  | { readonly kind: 'bytecode'; readonly header: BytecodeHeader | null }
  | { readonly kind: 'elf'; readonly elf: ElfFile }

/** The parts of files that the examiner has read, by path, or the failure to read them. */
export type ExaminedContents = Map<ByteString, Content | null | Failure>

/** The last part of a path. */
export function nameOf(path: ByteString): ByteString {
  return path.slice(path.lastIndexOf('/') + 1)
}

/** The path of the parent directory; '' for the environment itself. */
export function directoryOf(path: ByteString): ByteString {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')))
}

/** Joins the path of a directory and a name. */
export function below(directory: ByteString, name: ByteString): ByteString {
  return directory === '' ? name : `${directory}/${name}`
}
