/** Walk: all directories below one, each once. */
import { InodeType } from '../format/inode.js'
import type { ByteString } from '../tree/byte-string.js'
import { toDisplay } from '../tree/byte-string.js'
import { type ImageName, namesIn } from './directory-reader.js'
import type { ImageDirectory } from './inode-reader.js'
import type { Parts } from './parts.js'

/** A directory with what is in it. */
export interface WalkedDirectory {
  /** From the image's root, one character for each byte; '' for the root. */
  readonly path: ByteString
  readonly inode: ImageDirectory
  /** In ascending order of their bytes. */
  readonly names: readonly ImageName[]
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
  const look = async (directory: ImageDirectory) => {
    const found = await namesIn(parts, directory)
    return { found, subdirectories: found.filter(isDirectory) }
  }
  for await (const { path: below, inode, found } of walkBy(parts, path, start, look))
    yield { path: below, inode, names: found }
}

function isDirectory(name: ImageName): name is NamedDirectory {
  return name.inode.type === InodeType.DIRECTORY
}

export interface NamedDirectory {
  readonly name: ByteString
  readonly inode: ImageDirectory
}

/** As {@link walk}, with what `look` finds in each directory. */
export async function* walkBy<T>(
  parts: Parts,
  path: ByteString,
  start: ImageDirectory,
  look: (directory: ImageDirectory) => Promise<{ found: T; subdirectories: readonly NamedDirectory[] }>,
): AsyncGenerator<{ readonly path: ByteString; readonly inode: ImageDirectory; readonly found: T }> {
  const visited = inodeSet(parts.superblock.inodeCount)
  const stack: { readonly path: ByteString; readonly inode: ImageDirectory }[] = [{ path, inode: start }]
  visited.add(start.head.number)
  for (let next = stack.pop(); next; next = stack.pop()) {
    const { path, inode } = next
    const { found, subdirectories } = await look(inode)
    yield { path, inode, found }
    for (let n = subdirectories.length - 1; n >= 0; n--) {
      const { name, inode: child } = subdirectories[n]!
      const below = path === '' ? name : `${path}/${name}`
      if (!visited.add(child.head.number))
        throw parts.fail(`the directory ${toDisplay(below)} is in the tree twice, maybe inside itself`)
      stack.push({ path: below, inode: child })
    }
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
