/** `venv-packer list`: what is in an image. Speaks to no one: that is the caller's. */
import type { ByteString } from 'squashfs-writer/paths'
import { type ImageInode, InodeType } from 'squashfs-writer/read'
import { locate, withImage } from '../../image/opened-image.js'

export interface ListRequest {
  /** As they were typed. */
  readonly image: string
  /** From the image's root; '' for the root. */
  readonly path: string
  readonly recursive: boolean
}

export interface ListedDirectory {
  /** From the image's root; null where something else than a directory was named, which is then the only name. */
  readonly path: ByteString | null
  readonly names: readonly { readonly name: ByteString; readonly inode: ImageInode }[]
}

/** @param take is given directory after directory; false ends it: no one wants more. */
export async function list(
  request: ListRequest,
  take: (directory: ListedDirectory) => Promise<boolean>,
): Promise<void> {
  await withImage(request.image, async (opened) => {
    const { image } = opened
    const { path, inode } = await locate(opened, request.path, false)
    if (inode.type !== InodeType.DIRECTORY) {
      await take({ path: null, names: [{ name: path, inode }] })
    } else if (request.recursive) {
      for await (const directory of image.walk(Buffer.from(path, 'latin1')))
        if (!(await take(directory))) return
    } else {
      await take({ path, names: await image.list(inode) })
    }
  })
}
