/** An entry of an environment, and the part of its content that the check needs. */
import type { DiskEntry, Failure } from 'squashfs-writer'
import type { ByteString } from 'squashfs-writer/paths'
import type { BytecodeHeader } from './formats/bytecode-header.js'
import type { ElfFile } from './formats/elf.js'

/** A path in the environment, as the library found it on disk or in an image. Its path is '' for the environment itself. */
export type Entry = DiskEntry

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
