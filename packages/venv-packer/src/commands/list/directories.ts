/** Reads the directories of an image, one after the other, for `venv-packer list`. */
import type { ByteString } from 'squashfs-writer/paths'
import { type DirectoryColumns, type ImageInode, InodeType, type OpenImage } from 'squashfs-writer/read'
import { locate, withImage } from '../../image/opened-image.js'
import { tuneForShortRun } from '../../short-run.js'

export interface ListRequest {
  /** The path as the user typed it. */
  readonly image: string
  /** Relative to the image's root; '' for the root. */
  readonly path: string
  readonly recursive: boolean
}

export interface ListedDirectory {
  /** Relative to the image's root; null if the user named something else than a directory. Then it is the only row. */
  readonly path: ByteString | null
  /** Valid until `take` has returned or resolved, like the inodes. */
  readonly columns: DirectoryColumns
  /** The inodes of symlinks and devices by row, for the target or the device number. */
  readonly inodes: ReadonlyMap<number, ImageInode>
}

/** For larger images the code of V8's TurboFan saves more time than its compilation takes. */
const MANY_INODES = 200_000

/** @param take is called with each directory; returns false to stop. */
export async function list(
  request: ListRequest,
  take: (directory: ListedDirectory) => boolean | Promise<boolean>,
): Promise<void> {
  await withImage(request.image, async (opened) => {
    const { image } = opened
    if (image.superblock.inodeCount < MANY_INODES) tuneForShortRun()
    const { path, inode } = await locate(opened, request.path, false)
    if (inode.type !== InodeType.DIRECTORY) {
      await take({ path: null, columns: oneRow(path, inode), inodes: new Map([[0, inode]]) })
      return
    }
    await image.columns(
      Buffer.from(path, 'latin1'),
      { recursive: request.recursive },
      ({ path: directory, columns }) => {
        const rows = rowsWithInode(columns)
        if (rows.length === 0) return take({ path: directory, columns, inodes: NO_INODES })
        return inodesOf(image, columns, rows).then((inodes) => take({ path: directory, columns, inodes }))
      },
    )
  })
}

const NO_INODES: ReadonlyMap<number, ImageInode> = new Map()

function rowsWithInode({ count, types }: DirectoryColumns): number[] {
  const rows: number[] = []
  for (let row = 0; row < count; row++) if (needsInode(types[row]!)) rows.push(row)
  return rows
}

async function inodesOf(
  image: OpenImage,
  { references }: DirectoryColumns,
  rows: readonly number[],
): Promise<ReadonlyMap<number, ImageInode>> {
  const inodes = new Map<number, ImageInode>()
  for (const row of rows) inodes.set(row, await image.at(references[row]!))
  return inodes
}

function needsInode(type: number): boolean {
  return type === InodeType.SYMLINK || type === InodeType.BLOCK_DEVICE || type === InodeType.CHARACTER_DEVICE
}

/** The value in `fragments` for a file without a fragment. */
const NO_FRAGMENT = 0xffff_ffff

function oneRow(
  name: ByteString,
  inode: Exclude<ImageInode, { type: typeof InodeType.DIRECTORY }>,
): DirectoryColumns {
  const size =
    inode.type === InodeType.FILE ? inode.size : inode.type === InodeType.SYMLINK ? inode.target.length : 0
  return {
    count: 1,
    names: Buffer.from(name, 'latin1'),
    ends: Uint32Array.of(name.length),
    types: Uint8Array.of(inode.type),
    modes: Uint16Array.of(inode.head.mode),
    links: Uint32Array.of(inode.links),
    uids: Uint32Array.of(inode.uid),
    gids: Uint32Array.of(inode.gid),
    mtimes: Uint32Array.of(inode.head.mtime),
    numbers: Uint32Array.of(inode.head.number),
    sizes: Float64Array.of(size),
    fragments: Uint32Array.of(inode.type === InodeType.FILE ? inode.fragment : NO_FRAGMENT),
    references: Float64Array.of(inode.reference),
  }
}
