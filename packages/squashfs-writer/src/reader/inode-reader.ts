/** Inode reader: reads the inode at a place, with its uid and gid. */
import { viewOf } from '../format/byte-order.js'
import { type DecodedInode, decodeInode, INODE_PREFIX_SIZE, InodeType, inodeSize } from '../format/inode.js'
import { decodeMetadataReference, type MetadataPlace, metadataReference } from '../format/metadata-block.js'
import type { ReaderContext } from './reader-context.js'
import { runSteps, type Steps, waitFor } from './steps.js'

/** The fields that {@link ImageInode} adds to a decoded inode. */
export interface InImage {
  readonly uid: number
  readonly gid: number
  /** The metadata reference, which identifies the inode: all its names have the same one. */
  readonly reference: number
}

/** An inode of an image. Its `type` says whether it is a file, a directory, a symlink, a device, a fifo or a socket. */
export type ImageInode = DecodedInode & InImage
export type ImageFile = Extract<DecodedInode, { type: typeof InodeType.FILE }> & InImage
export type ImageDirectory = Extract<DecodedInode, { type: typeof InodeType.DIRECTORY }> & InImage
export type ImageSymlink = Extract<DecodedInode, { type: typeof InodeType.SYMLINK }> & InImage

/** Maximum length of a symlink target. The kernel accepts at most a page, of at most 64 KiB. */
const LONGEST_TARGET = 65_535

/** Reads an inode. @throws ImageError if there is none. */
export function inodeAt(context: ReaderContext, place: MetadataPlace): ImageInode | Promise<ImageInode> {
  const block = context.inodes.cachedBlock(place, INODE_PREFIX_SIZE)
  if (block !== null) {
    const size = sizeOf(context, block.view, place.offset)
    if (place.offset + size <= block.content.length) return decoded(context, place, block.view, place.offset)
  }
  return runSteps(loadInode(context, place))
}

function* loadInode(context: ReaderContext, place: MetadataPlace): Steps<ImageInode> {
  const start = yield* waitFor(context.inodes.upTo(place, INODE_PREFIX_SIZE))
  const size = sizeOf(context, viewOf(start), 0)
  const bytes = size <= start.length ? start : yield* waitFor(context.inodes.read(place, size))
  return decoded(context, place, viewOf(bytes), 0)
}

export async function rootOf(context: ReaderContext): Promise<ImageDirectory> {
  const root = await inodeAt(context, decodeMetadataReference(context.superblock.rootInode))
  if (root.type !== InodeType.DIRECTORY) throw context.fail('its root is not a directory')
  return root
}

function sizeOf({ fail }: ReaderContext, view: DataView, at: number): number {
  let size: number
  try {
    size = inodeSize(view, at)
  } catch (cause) {
    if (cause instanceof RangeError)
      throw fail(`an inode cannot be read (${cause.message})`, undefined, cause)
    throw cause
  }
  if (size > INODE_PREFIX_SIZE + LONGEST_TARGET) throw fail('a symlink has a target that is too long')
  return size
}

function decoded(context: ReaderContext, place: MetadataPlace, view: DataView, at: number): ImageInode {
  const inode = decodedAt(context, view, at)
  const { number, uidIndex, gidIndex } = inode.head
  const { superblock, ids, fail } = context
  if (number === 0 || number > superblock.inodeCount)
    throw fail(`an inode has the number ${number}, and there are ${superblock.inodeCount}`)
  const uid = ids.values[uidIndex]
  const gid = ids.values[gidIndex]
  if (uid === undefined || gid === undefined)
    throw fail(`an inode has owner ${uidIndex} or group ${gidIndex}, and there are ${ids.values.length}`)
  // Field by field: a spread or Object.assign takes longer than the decoding itself.
  const located = inode as DecodedInode & { -readonly [field in keyof InImage]: InImage[field] }
  located.uid = uid
  located.gid = gid
  located.reference = metadataReference(place.block, place.offset)
  return located
}

function decodedAt({ superblock, fail }: ReaderContext, view: DataView, at: number): DecodedInode {
  try {
    return decodeInode(view, superblock.blockSize, at)
  } catch (cause) {
    if (cause instanceof RangeError)
      throw fail(`an inode cannot be read (${cause.message})`, undefined, cause)
    throw cause
  }
}
