/** Where a path leads to once an image is mounted: into the image, or by a symlink out of it. */
import { posix } from 'node:path'
import { type ImageReader, InodeType } from 'squashfs-writer/read'

export type Destination =
  | { readonly kind: 'inside'; readonly executable: boolean }
  /** A path that does not lie in the image. */
  | { readonly kind: 'outside'; readonly path: string }
  | { readonly kind: 'nothing' }

const mostLinks = 40

/** Follows an absolute path, and links at its end, as they will be with the image mounted at the point. */
export async function followMounted(image: ImageReader, point: string, path: string): Promise<Destination> {
  let at = path
  for (let links = 0; links < mostLinks; links++) {
    const inside = pathInside(point, at)
    if (inside === undefined) return { kind: 'outside', path: at }
    const inode = await image.find(inside)
    if (inode === null) return { kind: 'nothing' }
    if (inode.type !== InodeType.SYMLINK) {
      return { kind: 'inside', executable: inode.type === InodeType.FILE && (inode.head.mode & 0o111) !== 0 }
    }
    at = posix.resolve(posix.dirname(at), Buffer.from(inode.target).toString('utf8'))
  }
  return { kind: 'nothing' }
}

function pathInside(point: string, path: string): string | undefined {
  if (path === point) return ''
  return path.startsWith(`${point}/`) ? path.slice(point.length + 1) : undefined
}
