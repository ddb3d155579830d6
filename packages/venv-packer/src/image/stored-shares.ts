/** Stored shares: how many bytes of an image each of its files takes. */
import type { ByteString } from 'squashfs-writer/paths'
import { type ImageFile, type ImageInode, InodeType, type OpenImage } from 'squashfs-writer/read'

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
  readonly tail: { readonly fragment: number; readonly bytes: number; readonly blockBytes: number } | null
}

export function storedShares(image: OpenImage): StoredShares {
  const inodes = new Set<number>()
  const places = new Set<string>()
  const files: Stored[] = []
  /** Bytes of the tails in each fragment block. */
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
    if (tail) filled.set(tail.fragment, (filled.get(tail.fragment) ?? 0) + tail.bytes)
    files.push({ path, bytesInBlocks, tail })
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
      for (const { path, bytesInBlocks, tail } of files) {
        const full = tail === null ? 1 : (filled.get(tail.fragment) ?? 1)
        const part = tail === null ? 0 : (tail.blockBytes * tail.bytes) / full
        take(path, Math.round(bytesInBlocks + part))
      }
    },
    duplicates: () => duplicates,
  }
}
