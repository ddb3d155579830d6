/** Takes the part of the inventory of an environment in an image that is needed to list its packages. */
import type { ByteString } from 'squashfs-writer/paths'
import { type ImageInode, InodeType, type OpenImage } from 'squashfs-writer/read'
import { isRecord } from '../environment/distributions.js'
import type { PyvenvConfig } from '../environment/pyvenv-cfg.js'
import { below, type Content, type Entry, type ExaminedContents } from './entry.js'
import { entryInImage } from './entry-in-image.js'
import { contentsIn, type Inventory, pythonsOf } from './inventory.js'

export type PackedInventory = Pick<Inventory, 'path' | 'entries' | 'at' | 'contentOf' | 'python'>

/**
 * @param path the assumed path of the environment, absolute.
 * @param each is called for each name in the image.
 */
export async function packedInventory(
  image: OpenImage,
  path: ByteString,
  config: PyvenvConfig | undefined,
  each: (path: ByteString, inode: ImageInode) => Promise<void>,
): Promise<PackedInventory> {
  const at = new Map<ByteString, Entry>()
  const records: ExaminedContents = new Map()
  for await (const { path: above, inode, names } of image.walk()) {
    if (above === '') at.set('', entryInImage('', inode))
    for (const { name, inode } of names) {
      const path = below(above, name)
      at.set(path, entryInImage(path, inode))
      if (isRecord(path)) records.set(path, await textOf(image, inode))
      await each(path, inode)
    }
  }
  const entries = [...at.values()]
  const { contentOf } = contentsIn(records)
  return { path, entries, at, contentOf, python: pythonsOf(entries, config).python }
}

/** No RECORD is larger. A damaged image may claim a larger size. */
const MAX_RECORD_BYTES = 64 * 1024 * 1024

async function textOf(image: OpenImage, inode: ImageInode): Promise<Content | null> {
  if (inode.type !== InodeType.FILE || inode.size > MAX_RECORD_BYTES) return null
  return { kind: 'text', text: Buffer.from(await image.read(inode)).toString('latin1') }
}
