/** Resolves paths as they will be once an image is mounted: into the image, or out of it through a symlink. */
import { realpath } from 'node:fs/promises'
import { posix } from 'node:path'
import { type ImageReader, type Inode, InodeType } from 'squashfs-writer/read'
import { MAX_LINKS_FOLLOWED } from 'squashfs-writer/system'

export type Destination =
  | {
      readonly kind: 'inside'
      /** Below the mount point, all symlinks followed. */
      readonly path: string
      readonly executable: boolean
    }
  /** A path outside of the image. */
  | { readonly kind: 'outside'; readonly path: string }
  | { readonly kind: 'nothing' }

/** Resolves an absolute path and its symlinks as if the image were mounted at `point`. */
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
 * Rewrites a path that leads below the mount point through symlinks of this machine. Undefined for a path that does not lead
 * there.
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

/** The content of a script in the image; empty for a file that is too large to be a script. `path` has no symlinks. */
export async function scriptOfMounted(image: ImageReader, point: string, path: string): Promise<Uint8Array> {
  const inode = await image.find(pathInside(point, path) ?? '')
  if (inode?.type !== InodeType.FILE || inode.size > MAX_SCRIPT_BYTES) return new Uint8Array()
  return await image.read(inode)
}

/** A larger file is not a script. */
const MAX_SCRIPT_BYTES = 1024 * 1024

/** The inode at a path, or null. If the path contains a symlink: the path that results from following the first one. */
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
