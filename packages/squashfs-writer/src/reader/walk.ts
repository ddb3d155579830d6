/** Walk: all directories below one, each once. */
import { InodeType } from '../format/inode.js'
import { decodeMetadataReference } from '../format/metadata-block.js'
import type { ByteString } from '../tree/byte-string.js'
import { toDisplay } from '../tree/byte-string.js'
import { columnReader, type DirectoryColumns, nameAt } from './directory-columns.js'
import { type ImageName, namesIn } from './directory-reader.js'
import { type ImageDirectory, inodeAt } from './inode-reader.js'
import type { Parts } from './parts.js'
import { type Steps, settled } from './steps.js'

/** A directory with what is in it. */
export interface WalkedDirectory {
  /** From the image's root, one character for each byte; '' for the root. */
  readonly path: ByteString
  readonly inode: ImageDirectory
  /** In ascending order of their bytes. */
  readonly names: readonly ImageName[]
}

/** A directory, as {@link walkColumns} gives it. */
export interface ColumnsOfDirectory {
  /** From the image's root; '' for the root. */
  readonly path: ByteString
  readonly inode: ImageDirectory
  /** Good until the next directory. */
  readonly columns: DirectoryColumns
}

/**
 * A directory and all below it: parents before what they hold, siblings in ascending order of their names.
 * @throws ImageError for a directory that has two names, which may be one inside itself.
 */
export async function* walk(
  parts: Parts,
  path: ByteString,
  start: ImageDirectory,
): AsyncGenerator<WalkedDirectory> {
  const stack = directoryStack(parts, path, start)
  for (let next = stack.pop(); next; next = stack.pop()) {
    const names = await namesIn(parts, next.inode)
    yield { ...next, names }
    for (let n = names.length - 1; n >= 0; n--) {
      const { name, inode } = names[n]!
      if (inode.type === InodeType.DIRECTORY) stack.push(next.path, name, inode)
    }
  }
}

/** Takes one directory after the other. The next one waits for a promise; after `false` there is none. */
export type TakeColumns = (directory: ColumnsOfDirectory) => Wish | Promise<Wish>
// biome-ignore lint/suspicious/noConfusingVoidType: a function that wants all of them need not say so.
type Wish = boolean | void

/** As {@link walk}, with columns, and without a promise for each directory; or the first directory alone. */
export function* walkColumns(
  parts: Parts,
  path: ByteString,
  start: ImageDirectory,
  recursive: boolean,
  take: TakeColumns,
): Steps<void> {
  const reader = columnReader(parts)
  const stack = directoryStack(parts, path, start)
  for (let next = stack.pop(); next; next = stack.pop()) {
    const read = reader.read(next.inode)
    const columns = read instanceof Promise ? yield* settled(read) : read
    const answer = take({ path: next.path, inode: next.inode, columns })
    const wish = answer instanceof Promise ? yield* settled(answer) : answer
    if (wish === false || !recursive) return
    const { types, references } = columns
    for (let row = columns.count - 1; row >= 0; row--) {
      if (types[row] !== InodeType.DIRECTORY) continue
      const found = inodeAt(parts, decodeMetadataReference(references[row]!))
      const inode = found instanceof Promise ? yield* settled(found) : found
      if (inode.type === InodeType.DIRECTORY) stack.push(next.path, nameAt(columns, row), inode)
    }
  }
}

interface PlacedDirectory {
  readonly path: ByteString
  readonly inode: ImageDirectory
}

/** Directories that are still to be entered; each may be pushed once. */
function directoryStack(parts: Parts, path: ByteString, start: ImageDirectory) {
  const visited = inodeSet(parts.superblock.inodeCount)
  const stack: PlacedDirectory[] = [{ path, inode: start }]
  visited.add(start.head.number)
  return {
    pop: () => stack.pop(),
    push(above: ByteString, name: ByteString, inode: ImageDirectory): void {
      const below = above === '' ? name : `${above}/${name}`
      if (!visited.add(inode.head.number))
        throw parts.fail(`the directory ${toDisplay(below)} is in the tree twice, maybe inside itself`)
      stack.push({ path: below, inode })
    },
  }
}

/** A set of inode numbers, a bit for each: no image can make it larger than its inode count. */
export function inodeSet(count: number): { add(number: number): boolean; has(number: number): boolean } {
  const bits = new Uint8Array(Math.floor(count / 8) + 1)
  const has = (number: number) => (bits[number >>> 3]! & (1 << (number & 7))) !== 0
  return {
    has,
    add(number) {
      if (has(number)) return false
      bits[number >>> 3]! |= 1 << (number & 7)
      return true
    },
  }
}
