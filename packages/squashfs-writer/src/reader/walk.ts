/** Walk: visits a directory and all directories below it, each once. */
import { InodeType } from '../format/inode.js'
import { decodeMetadataReference } from '../format/metadata-block.js'
import type { ByteString } from '../tree/byte-string.js'
import { toDisplay } from '../tree/byte-string.js'
import { columnReader, type DirectoryColumns, nameAt } from './directory-columns.js'
import { type ImageName, namesIn } from './directory-reader.js'
import { type ImageDirectory, inodeAt } from './inode-reader.js'
import type { ReaderContext } from './reader-context.js'
import { type Steps, waitFor } from './steps.js'

/** A directory with its entries. */
export interface WalkedDirectory {
  /** From the root of the image, with one character for each byte; '' for the root. */
  readonly path: ByteString
  readonly inode: ImageDirectory
  /** In ascending order of name bytes. */
  readonly names: readonly ImageName[]
}

/** A directory with its entries as columns. */
export interface ColumnsOfDirectory {
  /** From the root of the image; '' for the root. */
  readonly path: ByteString
  readonly inode: ImageDirectory
  /** Valid until the next directory. */
  readonly columns: DirectoryColumns
}

/**
 * Visits a directory and all directories below it: parents before children, siblings in ascending order of name bytes.
 * @throws ImageError for a directory with two names: it may contain itself.
 */
export async function* walk(
  context: ReaderContext,
  path: ByteString,
  start: ImageDirectory,
): AsyncGenerator<WalkedDirectory> {
  const stack = directoryStack(context, path, start)
  for (let next = stack.pop(); next; next = stack.pop()) {
    const names = await namesIn(context, next.inode)
    yield { ...next, names }
    for (let n = names.length - 1; n >= 0; n--) {
      const { name, inode } = names[n]!
      if (inode.type === InodeType.DIRECTORY) stack.push(next.path, name, inode)
    }
  }
}

/** A callback for each directory. A promise that it returns is awaited. `false` ends the walk. */
export type TakeColumns = (directory: ColumnsOfDirectory) => Continue | Promise<Continue>
// biome-ignore lint/suspicious/noConfusingVoidType: a callback that wants all directories need not return anything.
type Continue = boolean | void

/** Like {@link walk}, but gives columns, and creates no promise for each directory. If not `recursive`, visits the first directory only. */
export function* walkColumns(
  context: ReaderContext,
  path: ByteString,
  start: ImageDirectory,
  recursive: boolean,
  take: TakeColumns,
): Steps<void> {
  const reader = columnReader(context)
  const stack = directoryStack(context, path, start)
  for (let next = stack.pop(); next; next = stack.pop()) {
    const read = reader.read(next.inode)
    const columns = read instanceof Promise ? yield* waitFor(read) : read
    const result = take({ path: next.path, inode: next.inode, columns })
    const isWanted = result instanceof Promise ? yield* waitFor(result) : result
    if (isWanted === false || !recursive) return
    const { types, references } = columns
    for (let row = columns.count - 1; row >= 0; row--) {
      if (types[row] !== InodeType.DIRECTORY) continue
      const found = inodeAt(context, decodeMetadataReference(references[row]!))
      const inode = found instanceof Promise ? yield* waitFor(found) : found
      if (inode.type === InodeType.DIRECTORY) stack.push(next.path, nameAt(columns, row), inode)
    }
  }
}

interface PlacedDirectory {
  readonly path: ByteString
  readonly inode: ImageDirectory
}

/** The directories that are still to be visited. Each may be pushed once. */
function directoryStack(context: ReaderContext, path: ByteString, start: ImageDirectory) {
  const visited = inodeSet(context.superblock.inodeCount)
  const stack: PlacedDirectory[] = [{ path, inode: start }]
  visited.add(start.head.number)
  return {
    pop: () => stack.pop(),
    push(above: ByteString, name: ByteString, inode: ImageDirectory): void {
      const below = above === '' ? name : `${above}/${name}`
      if (!visited.add(inode.head.number))
        throw context.fail(`the directory ${toDisplay(below)} is in the tree twice, maybe inside itself`)
      stack.push({ path: below, inode })
    },
  }
}

/** A set of inode numbers, with one bit for each inode of the image. */
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
