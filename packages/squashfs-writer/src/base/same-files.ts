/**
 * Same files: which files have the content that the base has of them. Never by guess.
 *
 * A file is certainly the same when the record says that under this path lay this inode with this size, this time of the last
 * change of any kind (ctime) and this mtime, all to the nanosecond. No program can set ctime back: a changed content, an
 * `mtime` set by `touch`, a replaced file, each gives another ctime or another inode. What was changed shortly before it was
 * packed is not in the record (`recorder.ts`), since a clock steps. Of all others the content decides, read and compared.
 */
import { InodeType } from '../format/inode.js'
import type { DirectoryNode, FileNode } from '../tree/node.js'
import type { FileInBase } from './base-image.js'
import { isIntact, type OpenBase } from './open-base.js'
import type { RecordedFile } from './pack-record.js'

/** A file of which the base certainly has the content. */
export interface SameFile {
  readonly inBase: FileInBase
  readonly recorded: RecordedFile
  /** Whether its xattrs must be asked for. */
  readonly asksXattrs: boolean
}

export interface SameFiles {
  readonly certain: ReadonlyMap<FileNode, SameFile>
  /** The base's file at the path of a file of this size. */
  readonly candidates: ReadonlyMap<FileNode, FileInBase>
}

/** Looks for every file of a tree in the base, under each of its names. */
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
      if (recorded) certain.set(node, { inBase, recorded, asksXattrs: asksXattrs(node, recorded, directory) })
    }
  }
  return { certain, candidates }

  /**
   * To give a file an xattr changes its ctime. But where a security module is switched on, or another user packs, there may be
   * some that were not to be seen: in the directory, which was asked, they show.
   */
  function asksXattrs({ content }: FileNode, { withoutXattrs }: RecordedFile, { xattrs }: DirectoryNode) {
    if (content.kind !== 'disk' || !content.xattrsWithContent) return false
    return !(withoutXattrs && sameUser && xattrs === null)
  }
}

function recordedAs({ content }: FileNode, inBase: FileInBase, base: OpenBase): RecordedFile | null {
  if (content.kind !== 'disk') return null
  const recorded = base.record?.file(inBase.number)
  if (!recorded) return null
  if (!content.seen.startsWith(recorded.identity)) return null // made of IDENTITY_SIZE bytes
  if (inBase.tail && !isIntact(base, inBase.tail.block)) return null
  return inBase.blocks.every((block) => block === null || isIntact(base, block)) ? recorded : null
}
