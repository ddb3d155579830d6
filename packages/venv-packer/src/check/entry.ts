/** An entry of an environment: a path with its metadata, and the part of its content that the check needs. */

import type { Failure } from 'squashfs-writer'
import type { ByteString } from 'squashfs-writer/paths'
import type { DiskEntry } from './disk-entry.js'
import type { BytecodeHeader } from './formats/bytecode-header.js'
import type { ElfFile } from './formats/elf.js'

export interface Entry {
  /** From the environment's directory on; '' is the directory itself. */
  readonly path: ByteString
  readonly kind: 'file' | 'directory' | 'symlink' | 'socket' | 'fifo' | 'device'
  /** Of a file, in bytes; 0 for the rest. */
  readonly size: number
  /** Permission bits. */
  readonly mode: number
  /** Whole seconds since 1970, rounded down, as Python takes them. */
  readonly mtime: number
  /** The identity of an inode that has several names; null where it has one. */
  readonly sharedInode: string | null
  /** Of a symlink. */
  readonly target: ByteString | null
  /** The system's code and words where the current user cannot read it; null where nothing speaks against it. */
  readonly failure: { readonly code: string; readonly message: string } | null
  readonly content: Content | null
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
export type Peeked = Map<ByteString, Content | null | Failure>

/** The kind of an entry by its type, as the library names it. */
export function kindOf(type: NonNullable<DiskEntry['type']>): Entry['kind'] {
  return type === 'block-device' || type === 'character-device' ? 'device' : type
}

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
