/** The inventory of an environment in an image: enough to tell the packages. */

import { type ByteString, fromBytes } from 'squashfs-writer/paths'
import { type ImageInode, InodeType, type OpenImage, TYPE_NAMES } from 'squashfs-writer/read'
import { isRecord } from '../environment/distributions.js'
import type { PyvenvConfig } from '../environment/pyvenv-cfg.js'
import { type Entry, kindOf } from './entry.js'
import { type Inventory, pythonsOf } from './inventory.js'

export type PackedInventory = Pick<Inventory, 'path' | 'entries' | 'at' | 'python'>

/** @param path where the environment is thought to lie: absolute. */
export async function packedInventory(
  image: OpenImage,
  path: ByteString,
  config: PyvenvConfig | undefined,
  each: (path: ByteString, inode: ImageInode) => Promise<void>,
): Promise<PackedInventory> {
  const at = new Map<ByteString, Entry>()
  for await (const { path: above, inode, names } of image.walk()) {
    if (above === '') at.set('', entryOf('', inode))
    for (const { name, inode } of names) {
      const below = above === '' ? name : `${above}/${name}`
      const content = isRecord(below) ? await textOf(image, inode) : null
      at.set(below, { ...entryOf(below, inode), content })
      await each(below, inode)
    }
  }
  const entries = [...at.values()]
  return { path, entries, at, python: pythonsOf(entries, config).python }
}

/** No RECORD is larger, but a damaged image may say so. */
const MAX_RECORD_BYTES = 64 * 1024 * 1024

async function textOf(image: OpenImage, inode: ImageInode): Promise<Entry['content']> {
  if (inode.type !== InodeType.FILE || inode.size > MAX_RECORD_BYTES) return null
  return { kind: 'text', text: Buffer.from(await image.read(inode)).toString('latin1') }
}

function entryOf(path: ByteString, inode: ImageInode): Entry {
  const isShared = inode.type !== InodeType.DIRECTORY && inode.links > 1
  return {
    path,
    kind: kindOf(TYPE_NAMES[inode.type]),
    size: inode.type === InodeType.FILE ? inode.size : 0,
    mode: inode.head.mode,
    mtime: inode.head.mtime,
    sharedInode: isShared ? String(inode.reference) : null,
    target: inode.type === InodeType.SYMLINK ? fromBytes(inode.target) : null,
    failure: null,
    content: null,
  }
}
