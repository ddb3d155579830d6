/** An entry of an environment, and the part of its content that the check needs. */
import type { Failure, FoundEntry } from 'squashfs-writer'
import type { BytePath, ByteString } from 'squashfs-writer/paths'
import type { BytecodeHeader } from './formats/bytecode-header.js'
import type { ElfFile } from './formats/elf.js'

/** A path in the environment, as the filesystem or an image has it. */
export interface Entry {
  /** null for what could not be looked at, or is of no type that squashfs knows: then only `failure` says more. */
  readonly type: Exclude<FoundEntry['type'], 'hardlink'> | null
  /** From the directory on, one character for each byte; '' for the directory itself. */
  readonly path: BytePath
  /** Permission bits. */
  readonly mode: number
  readonly uid: number
  readonly gid: number
  /** Whole seconds since 1970, rounded down. */
  readonly mtime: number
  /** Bytes of a file; 0 for all else. */
  readonly size: number
  /** Tells the inode of what has several names; null for the rest, and for directories. */
  readonly inode: string | null
  /** Where a symlink leads; null for all else. */
  readonly target: BytePath | null
  /** Why it cannot be packed, as far as that shows without reading it; null where it can. */
  readonly failure: Failure | null
}

/** The part of a file's content that was read, by the kind of file. */
export type Content =
  /** The whole of a small text. */
  | { readonly kind: 'text'; readonly text: ByteString }
  /** The first bytes of what lies in `bin`. */
  | { readonly kind: 'program'; readonly head: ByteString }
  /** Null where it is cut short, or no bytecode at all. */
  | { readonly kind: 'bytecode'; readonly header: BytecodeHeader | null }
  | { readonly kind: 'elf'; readonly elf: ElfFile }

/** The parts that were read of files, by their paths, or why that could not be done. */
export type ExaminedContents = Map<ByteString, Content | null | Failure>

/** The last part of a path. */
export function nameOf(path: ByteString): ByteString {
  return path.slice(path.lastIndexOf('/') + 1)
}

/** The path of the directory that holds it; '' for what lies in the environment's own directory. */
export function directoryOf(path: ByteString): ByteString {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')))
}

/** A path below another. */
export function below(directory: ByteString, name: ByteString): ByteString {
  return directory === '' ? name : `${directory}/${name}`
}
