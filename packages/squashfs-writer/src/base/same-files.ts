/**
 * Same files: finds the files that are unchanged since the base was packed. It never guesses.
 *
 * A file is certainly unchanged if its path, inode number, size, ctime and mtime are those in the record, to the nanosecond. No
 * program can set ctime: a changed content, an mtime set by `touch`, or a replaced file has another ctime or inode number. A file
 * that was changed shortly before the scan is not in the record, because clocks have ticks (`recorder.ts`). All other files are
 * read and compared.
 */
import { InodeType } from '../format/inode.js'
import type { DirectoryNode, FileNode } from '../tree/node.js'
import type { FileInBase } from './base-image.js'
import { isIntact, type OpenBase } from './open-base.js'
import type { RecordedFile } from './pack-record.js'

/** A file whose content is certainly in the base. */
export interface SameFile {
  readonly inBase: FileInBase
  readonly recorded: RecordedFile
  /** Whether its xattrs must be read. */
  readonly readsXattrs: boolean
}

export interface SameFiles {
  readonly certain: ReadonlyMap<FileNode, SameFile>
  /** The files of the base with the same path and size. */
  readonly candidates: ReadonlyMap<FileNode, FileInBase>
}

/** Looks up each file of a tree in the base, by all its names. */
export function findSameFiles(root: DirectoryNode, base: OpenBase): SameFiles {
  const certain = new Map<FileNode, SameFile>()
  const candidates = new Map<FileNode, FileInBase>()
  const { files } = base.image
  const sameUser = base.record?.user === (process.geteuid?.() ?? null)
  const stack: (readonly [string, DirectoryNode])[] = [['', root]]
  for (let top = stack.pop(); top; top = stack.pop()) {
    const [path, directory] = top
    const here = files.get(path)
    for (const [name, node] of directory.children) {
      if (node.type === InodeType.DIRECTORY) stack.push([path === '' ? name : `${path}/${name}`, node])
      if (node.type !== InodeType.FILE || (node.links > 1 && certain.has(node))) continue
      const inBase = here?.get(name)
      if (inBase?.size !== node.size) continue
      candidates.set(node, inBase)
      const recorded = recordedAs(node, inBase, base)
      if (recorded)
        certain.set(node, { inBase, recorded, readsXattrs: readsXattrs(node, recorded, directory) })
    }
  }
  return { certain, candidates }

  /**
   * Setting an xattr changes ctime. But xattrs may become visible without a change, if a security module is switched on, or another
   * user packs. Then the directory has xattrs, too, which the scan has read.
   */
  function readsXattrs({ content }: FileNode, { withoutXattrs }: RecordedFile, { xattrs }: DirectoryNode) {
    if (content.kind !== 'disk' || !content.xattrsWithContent) return false
    return !(withoutXattrs && sameUser && xattrs === null)
  }
}

function recordedAs({ content }: FileNode, inBase: FileInBase, base: OpenBase): RecordedFile | null {
  if (content.kind !== 'disk') return null
  const recorded = base.record?.file(inBase.number)
  if (!recorded) return null
  if (!content.seen.startsWith(recorded.identity)) return null // the record has IDENTITY_SIZE bytes of it
  if (inBase.tail && !isIntact(base, inBase.tail.block)) return null
  return inBase.blocks.every((block) => block === null || isIntact(base, block)) ? recorded : null
}
