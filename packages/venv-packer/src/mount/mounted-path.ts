/** Where a path leads to once an image is mounted: into the image, or by a symlink out of it. */
import { realpath } from 'node:fs/promises'
import { posix } from 'node:path'
import { type ImageReader, type Inode, InodeType } from 'squashfs-writer/read'
import { MAX_LINKS_FOLLOWED } from 'squashfs-writer/system'

export type Destination =
  | {
      readonly kind: 'inside'
      /** With all links followed, below the mount point. */
      readonly path: string
      readonly executable: boolean
    }
  /** A path that does not lie in the image. */
  | { readonly kind: 'outside'; readonly path: string }
  | { readonly kind: 'nothing' }

/** Follows an absolute path, and all links on its way, as they will be with the image mounted at the point. */
export async function followMounted(image: ImageReader, point: string, path: string): Promise<Destination> {
  let at = path
  for (let links = 0; links < MAX_LINKS_FOLLOWED; links++) {
    const inside = pathInside(point, at)
    if (inside === undefined) return { kind: 'outside', path: at }
    const step = await firstLink(image, inside)
    if (step === null) return { kind: 'nothing' }
    if (typeof step !== 'string') return { kind: 'inside', path: at, executable: isExecutable(step) }
    at = posix.resolve(point, step)
  }
  return { kind: 'nothing' }
}

/**
 * A path that leads to the mount point by symlinks of this machine, as a path below the mount point; undefined for one that
 * does not lead there.
 */
export async function pathBelowPoint(point: string, path: string): Promise<string | undefined> {
  if (pathInside(point, path) !== undefined) return path
  const realPoint = await realpath(point).catch(() => point)
  for (let above = path; above !== '/'; above = posix.dirname(above)) {
    const real = await realpath(above).catch(() => above)
    if (real === realPoint) return posix.join(point, path.slice(above.length))
  }
  return undefined
}

/** The first bytes of a file, at a path below the mount point with all links followed; none for all but small files. */
export async function headOfMounted(image: ImageReader, point: string, path: string): Promise<Uint8Array> {
  const inode = await image.find(pathInside(point, path) ?? '')
  if (inode?.type !== InodeType.FILE || inode.size > MAX_SCRIPT_BYTES) return new Uint8Array()
  return await image.read(inode)
}

/** Bytes. Scripts are small; a larger file is a program. */
const MAX_SCRIPT_BYTES = 1024 * 1024

/** The inode at a path in the image, null for none; or, behind the first link in the path, the path to go on with. */
async function firstLink(image: ImageReader, path: string): Promise<Inode | string | null> {
  const names = path.split('/')
  for (let n = 1; n <= names.length; n++) {
    const inode = await image.find(names.slice(0, n).join('/'))
    if (inode?.type !== InodeType.SYMLINK) {
      if (inode === null || n === names.length) return inode
      continue
    }
    const directory = names.slice(0, n - 1).join('/')
    const target = Buffer.from(inode.target).toString('utf8')
    return posix.join(posix.isAbsolute(target) ? '' : directory, target, ...names.slice(n))
  }
  return null
}

function isExecutable(inode: Inode): boolean {
  return inode.type === InodeType.FILE && (inode.head.mode & 0o111) !== 0
}

function pathInside(point: string, path: string): string | undefined {
  if (path === point) return ''
  return path.startsWith(`${point}/`) ? path.slice(point.length + 1) : undefined
}
