/** Computes how many bytes of an image each file takes. */
import type { ByteString } from 'squashfs-writer/paths'
import {
  type FileStorage,
  type ImageFile,
  type ImageInode,
  InodeType,
  type OpenImage,
} from 'squashfs-writer/read'

export interface StoredShares {
  /** Adds a path. Further names of an inode are ignored. */
  add(path: ByteString, inode: ImageInode): Promise<void>
  /** Calls `use` for each file, with the bytes of its blocks and its proportional part of the fragment block. */
  forEach(use: (path: ByteString, bytes: number) => void): void
  /** Files whose content is stored only once, with an earlier file. */
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
  /** The end of the last tail in each fragment block. */
  const tailsEnd = new Map<number, number>()
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
    if (tail) tailsEnd.set(tail.fragment, Math.max(tailsEnd.get(tail.fragment) ?? 0, tail.end))
    files.push({ path, bytesInBlocks, tail })
  }

  /** The start and the end are rounded, not their difference, so that the parts of a fragment block add up to its size. */
  function shareOfFragment(tail: Stored['tail']): number {
    const full = tail === null ? undefined : tailsEnd.get(tail.fragment)
    if (tail === null || !full) return 0
    const bytesUpTo = (offset: number) => Math.round((tail.blockBytes * offset) / full)
    return bytesUpTo(tail.end) - bytesUpTo(tail.start)
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
    forEach(use) {
      for (const { path, bytesInBlocks, tail } of files) use(path, bytesInBlocks + shareOfFragment(tail))
    },
    duplicates: () => duplicates,
  }
}
