/** `venv-packer list`: what is in an image. Speaks to no one: that is the caller's. */
import type { ByteString } from 'squashfs-writer/paths'
import { type ImageInode, InodeType } from 'squashfs-writer/read'
import { locate, withImage } from '../image/opened-image.js'

export interface ListRequest {
  /** As they were typed. */
  readonly image: string
  /** From the image's root; '' for the root. */
  readonly path: string
  readonly recursive: boolean
}

export interface ListReport {
  readonly request: ListRequest
  /** Absolute. */
  readonly image: string
  /** One, or with all below it; one without a path for something that is not a directory. */
  readonly directories: readonly ListedDirectory[]
}

export interface ListedDirectory {
  /** From the image's root; null for what was named itself. */
  readonly path: ByteString | null
  readonly names: readonly { readonly name: ByteString; readonly inode: ImageInode }[]
}

export async function list(request: ListRequest): Promise<ListReport> {
  return await withImage(request.image, async (opened) => {
    const { path, inode } = await locate(opened, request.path, false)
    const report = { request, image: opened.path }
    if (inode.type !== InodeType.DIRECTORY)
      return { ...report, directories: [{ path: null, names: [{ name: path, inode }] }] }
    if (!request.recursive)
      return { ...report, directories: [{ path, names: await opened.image.list(inode) }] }
    const directories: ListedDirectory[] = []
    for await (const { path: below, names } of opened.image.walk(Buffer.from(path, 'latin1')))
      directories.push({ path: below, names })
    return { ...report, directories }
  })
}
