/** Stored shares: how many bytes of an image each of its files takes. */
import type { ByteString } from 'squashfs-writer/paths'
import {
  type FileStorage,
  type ImageFile,
  type ImageInode,
  InodeType,
  type OpenImage,
} from 'squashfs-writer/read'

export interface StoredShares {
  /** Takes note of a name; the further names of an inode count for nothing. */
  add(path: ByteString, inode: ImageInode): Promise<void>
  /** Each file's bytes: its own blocks, and its part of the block that its tail shares, in proportion. */
  each(take: (path: ByteString, bytes: number) => void): void
  /** Files whose content lies where an earlier one's does. */
  duplicates(): { readonly files: number; readonly bytes: number }
}

interface Stored {
  readonly path: ByteString
  readonly bytesInBlocks: number
  readonly tail: FileStorage['tail']
}

export function storedShares(image: OpenImage): StoredShares {
  const inodes = new Set<number>()
  const places = new Set<string>()
  const files: Stored[] = []
  /** Where the last tail in each fragment block ends. */
  const filled = new Map<number, number>()
  const duplicates = { files: 0, bytes: 0 }

  async function addFile(path: ByteString, file: ImageFile): Promise<void> {
    const { place, bytesInBlocks, tail } = await image.storage(file)
    if (place === null) return
    const known = places.size
    if (places.add(`${place} ${file.size}`).size === known) {
      duplicates.files++
      duplicates.bytes += file.size
      return
    }
    if (tail) filled.set(tail.fragment, Math.max(filled.get(tail.fragment) ?? 0, tail.end))
    files.push({ path, bytesInBlocks, tail })
  }

  /** Rounded at the tails' borders, so that the parts of a fragment block add up to the block. */
  function partOf(tail: Stored['tail']): number {
    const full = tail === null ? undefined : filled.get(tail.fragment)
    if (tail === null || !full) return 0
    const upTo = (offset: number) => Math.round((tail.blockBytes * offset) / full)
    return upTo(tail.end) - upTo(tail.start)
  }

  return {
    async add(path, inode) {
      if (inode.type !== InodeType.FILE) return
      if (inode.links > 1) {
        if (inodes.has(inode.reference)) return
        inodes.add(inode.reference)
      }
      await addFile(path, inode)
    },
    each(take) {
      for (const { path, bytesInBlocks, tail } of files) take(path, bytesInBlocks + partOf(tail))
    },
    duplicates: () => duplicates,
  }
}
