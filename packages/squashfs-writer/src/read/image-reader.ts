/** Image reader: looks up a path in an image, and reads a file. */
import { type Expand, expanderOf } from '../codec/expand.js'
import { ImageError, SquashfsError } from '../errors.js'
import { getUint64, viewOf } from '../format/byte-order.js'
import { blockSizeOnDisk, HOLE, isStoredBlock } from '../format/data-block.js'
import { decodeListing } from '../format/directory.js'
import { decodeFragmentEntry, FRAGMENT_ENTRY_SIZE, NO_FRAGMENT } from '../format/fragment.js'
import {
  type DirectoryInode,
  decodeInode,
  type FileInode,
  INODE_SIZE_KNOWN,
  type Inode,
  InodeType,
  inodeSize,
} from '../format/inode.js'
import { decodeMetadataReference, METADATA_BLOCK_SIZE, type MetadataPlace } from '../format/metadata-block.js'
import { decodeSuperblock, SUPERBLOCK_SIZE, type Superblock } from '../format/superblock.js'
import { type ByteString, fromBytes, toByteString } from '../tree/byte-string.js'
import { type MetadataReader, metadataReader } from './metadata-reader.js'
import type { ImageSource } from './source.js'

/** An image that is open for reading. */
export interface ImageReader {
  readonly superblock: Superblock
  /**
   * What lies at a path from the image's root, such as `lib/python3.12/site.py`; null where there is nothing. Symlinks
   * are not followed. A string stands for its UTF-8.
   */
  find(path: string | Uint8Array): Promise<Inode | null>
  /** The content of a file. */
  read(file: FileInode): Promise<Uint8Array>
}

/** An image's parts, as they are needed to look things up. */
interface Parts {
  readonly source: ImageSource
  readonly expand: Expand
  readonly superblock: Superblock
  readonly inodes: MetadataReader
  readonly listings: MetadataReader
}

/**
 * Opens an image that is compressed with zstd or gzip, or not at all.
 * @throws ImageError when it is none, is damaged, or compressed in another way.
 */
export async function readImage(source: ImageSource): Promise<ImageReader> {
  const superblock = decodeSuperblock(await source.read(0, SUPERBLOCK_SIZE))
  if (superblock === null) throw new ImageError('NOT_AN_IMAGE', 'it is not a squashfs 4.0 image')
  const expand = expanderOf(superblock.compressor)
  const parts: Parts = {
    source,
    expand,
    superblock,
    inodes: metadataReader(source, expand, superblock.inodeTable),
    listings: metadataReader(source, expand, superblock.directoryTable),
  }
  return {
    superblock,
    find: (path) => orDamaged(find(parts, toByteString(path))),
    read: (file) => orDamaged(readFile(parts, file)),
  }
}

/** What a damaged image makes of decoding and decompressing becomes an error that says so. */
async function orDamaged<T>(work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    if (error instanceof SquashfsError || isSystemError(error)) throw error
    const reason = error instanceof Error ? error.message : String(error)
    throw new ImageError('DAMAGED_IMAGE', `it is damaged (${reason})`, error)
  }
}

function isSystemError(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error
}

async function find(parts: Parts, path: ByteString): Promise<Inode | null> {
  const names = path.split('/').filter((name) => name !== '')
  let inode = await inodeAt(parts, decodeMetadataReference(parts.superblock.rootInode))
  for (const name of names) {
    if (inode.type !== InodeType.DIRECTORY) return null
    const place = await placeOf(parts, inode, name)
    if (place === null) return null
    inode = await inodeAt(parts, place)
  }
  return inode
}

async function inodeAt({ inodes, superblock }: Parts, place: MetadataPlace): Promise<Inode> {
  const { blockSize } = superblock
  const size = inodeSize(await inodes.read(place, INODE_SIZE_KNOWN), blockSize)
  return decodeInode(await inodes.read(place, size), blockSize)
}

async function placeOf(
  parts: Parts,
  folder: DirectoryInode,
  name: ByteString,
): Promise<MetadataPlace | null> {
  const place = { block: folder.listingBlock, offset: folder.listingOffset }
  if (folder.listingSize === 0) return null
  const listing = decodeListing(await parts.listings.read(place, folder.listingSize))
  const found = listing.find((entry) => fromBytes(entry.name) === name)
  return found ? { block: found.inodeBlock, offset: found.inodeOffset } : null
}

async function readFile(parts: Parts, file: FileInode): Promise<Uint8Array> {
  const content = new Uint8Array(file.size)
  const { blockSize } = parts.superblock
  let position = file.start
  for (const [n, word] of Array.from(file.blockSizes).entries()) {
    if (word === HOLE) continue // zeros, as the content is already
    content.set(await dataBlock(parts, position, word), n * blockSize)
    position += blockSizeOnDisk(word)
  }
  if (file.fragment !== NO_FRAGMENT) {
    const tail = file.size % blockSize
    const fragment = await fragmentBlock(parts, file.fragment)
    content.set(fragment.subarray(file.fragmentOffset, file.fragmentOffset + tail), file.size - tail)
  }
  return content
}

async function dataBlock({ source, expand }: Parts, position: number, word: number): Promise<Uint8Array> {
  const bytes = await source.read(position, blockSizeOnDisk(word))
  return isStoredBlock(word) ? bytes : await expand(bytes)
}

const FRAGMENTS_IN_BLOCK = METADATA_BLOCK_SIZE / FRAGMENT_ENTRY_SIZE

async function fragmentBlock(parts: Parts, fragment: number): Promise<Uint8Array> {
  const { source, expand, superblock } = parts
  const table = superblock.fragmentTable
  if (table === null) throw new ImageError('DAMAGED_IMAGE', 'it is damaged (it has no fragment table)')
  const index = await source.read(table + 8 * Math.floor(fragment / FRAGMENTS_IN_BLOCK), 8)
  const entries = metadataReader(source, expand, getUint64(viewOf(index), 0))
  const place = { block: 0, offset: (fragment % FRAGMENTS_IN_BLOCK) * FRAGMENT_ENTRY_SIZE }
  const entry = decodeFragmentEntry(await entries.read(place, FRAGMENT_ENTRY_SIZE))
  return await dataBlock(parts, entry.start, entry.sizeWord)
}
