/** Inode and directory tables. They are encoded together: a listing refers to inodes, and the inode of a directory to its listing. */
import { encodeDeviceNumber } from '../format/device-number.js'
import { encodeListing, type Listing, type ListingEntry } from '../format/directory.js'
import { NO_FRAGMENT } from '../format/fragment.js'
import { encodeInode, type Inode, type InodeHead, InodeType } from '../format/inode.js'
import { METADATA_BLOCK_SIZE } from '../format/metadata-block.js'
import { toBytes } from '../tree/byte-string.js'
import type { DirectoryNode, Node } from '../tree/node.js'
import type { InodeOrder } from '../tree/order.js'
import type { BlockEncoder } from './encode-block.js'
import type { IdTable } from './id-table.js'
import { createMetadataWriter, type Mark, type MetadataWriter, offsetInBlock } from './metadata-writer.js'
import type { XattrTable } from './xattr-table.js'

/** A listing of more bytes gets an index. For a shorter one, a lookup reads at most two metadata blocks without an index. */
const INDEX_ABOVE = METADATA_BLOCK_SIZE

/** The position of a listing, with the entries of its index. */
interface ListingPlace extends Pick<Listing, 'indexEntries'> {
  readonly mark: Mark
  readonly size: number
}

export interface InodeTables {
  readonly inodeBlocks: readonly Uint8Array[]
  readonly directoryBlocks: readonly Uint8Array[]
  /** The metadata reference of each inode, indexed by inode number - 1. */
  readonly references: Float64Array
}

/** Encodes all inodes and listings. A record comes after the records to which it refers. */
export async function encodeInodeTables(
  order: InodeOrder,
  encode: BlockEncoder,
  uncompressed: boolean,
  ids: IdTable,
  xattrs: XattrTable,
): Promise<InodeTables> {
  const inodes = createMetadataWriter(encode, uncompressed)
  const listings = createMetadataWriter(encode, uncompressed)
  /** Indexed by inode number - 1. */
  const marks: Mark[] = []
  const appendInode = (inode: Inode) => {
    marks.push(inodes.mark())
    inodes.append(encodeInode(inode))
  }

  for (const node of order.leaves) appendInode(leafInode(node, inodeHead(node, ids, xattrs)))
  for (const level of order.levels) {
    await inodes.locateBlocks()
    const places = level.map((node) => appendListing(listings, listingEntries(node, marks, inodes)))
    await listings.locateBlocks()
    for (const [n, node] of level.entries()) {
      const parent = node.parent?.number ?? order.count + 1
      appendInode(directoryInode(node, inodeHead(node, ids, xattrs), parent, places[n]!, listings))
    }
  }
  const inodeBlocks = (await inodes.finish()).blocks
  const directoryBlocks = (await listings.finish()).blocks
  return { inodeBlocks, directoryBlocks, references: Float64Array.from(marks, inodes.reference) }
}

function listingEntries(
  node: DirectoryNode,
  marks: readonly Mark[],
  inodes: MetadataWriter,
): readonly ListingEntry[] {
  const entries: ListingEntry[] = []
  for (const [name, child] of node.children) {
    const mark = marks[child.number - 1]!
    entries.push({
      name: toBytes(name),
      type: child.type,
      inodeNumber: child.number,
      inodeBlock: inodes.blockStart(mark),
      inodeOffset: offsetInBlock(mark),
    })
  }
  return entries
}

function appendListing(listings: MetadataWriter, entries: readonly ListingEntry[]): ListingPlace {
  const mark = listings.mark()
  const { bytes, indexEntries } = encodeListing(entries, offsetInBlock(mark))
  listings.append(bytes)
  return { mark, size: bytes.length, indexEntries }
}

function directoryInode(
  node: DirectoryNode,
  head: InodeHead,
  parent: number,
  { mark, size, indexEntries }: ListingPlace,
  listings: MetadataWriter,
): Inode {
  const index = size > INDEX_ABOVE ? indexEntries : []
  return {
    type: InodeType.DIRECTORY,
    head,
    listingBlock: listings.blockStart(mark),
    listingOffset: offsetInBlock(mark),
    listingSize: size,
    links: node.links,
    parent,
    index: index.map(({ offset, name }) => ({ offset, name, block: listings.blockStart(mark + offset) })),
  }
}

function leafInode(node: Exclude<Node, DirectoryNode>, head: InodeHead): Inode {
  const { links } = node
  switch (node.type) {
    case InodeType.FILE: {
      const { start, sparse, blockSizes, fragment, fragmentOffset } = node.placement ?? EMPTY
      const { type, size } = node
      return { type, head, links, size, start, sparse, blockSizes, fragment, fragmentOffset }
    }
    case InodeType.SYMLINK:
      return { type: node.type, head, links, target: toBytes(node.target) }
    case InodeType.BLOCK_DEVICE:
    case InodeType.CHARACTER_DEVICE:
      return { type: node.type, head, links, device: encodeDeviceNumber(node.major, node.minor) }
    case InodeType.FIFO:
    case InodeType.SOCKET:
      return { type: node.type, head, links }
  }
}

function inodeHead(node: Node, ids: IdTable, xattrs: XattrTable): InodeHead {
  return {
    mode: node.mode,
    uidIndex: ids.indexOf(node.uid),
    gidIndex: ids.indexOf(node.gid),
    mtime: node.mtime,
    number: node.number,
    xattrIndex: xattrs.indexOf(node.xattrs),
  }
}

/** The placement of a file without content. */
const EMPTY = { start: 0, sparse: 0, blockSizes: [], fragment: NO_FRAGMENT, fragmentOffset: 0 }
