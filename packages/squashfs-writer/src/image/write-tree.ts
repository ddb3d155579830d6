/** Writes an image from top to bottom, in the order of its parts on disk. */
import type { Codec } from '../codec/codec.js'
import { type Unreadable, UnreadableError } from '../errors.js'
import { setUint64, viewOf } from '../format/byte-order.js'
import { encodeFragmentEntry } from '../format/fragment.js'
import { InodeType } from '../format/inode.js'
import { encodeMetadataBlock } from '../format/metadata-block.js'
import { encodeSuperblock, SUPERBLOCK_SIZE, SuperblockFlag } from '../format/superblock.js'
import { asBytePath, type BytePath, type ByteString, toDisplay } from '../tree/byte-string.js'
import { type DirectoryNode, detach, type FileNode, type Node } from '../tree/node.js'
import { forEachPath, type InodeOrder, inodeOrder, pathsOf } from '../tree/order.js'
import { checkOwners } from '../tree/owners.js'
import type { BaseFile } from './base-block.js'
import { type BlockWriter, createBlockWriter } from './block-writer.js'
import type { ContentReader } from './content-reader.js'
import type { BlockEncoder } from './encode-block.js'
import type { PartsEncoder } from './fragments.js'
import { createIdTable } from './id-table.js'
import { encodeInodeTables, type InodeTables } from './inode-table.js'
import { writeLookupTable } from './lookup-table.js'
import { createOutput, type Output, type Sink } from './output.js'
import { storedBytes } from './stored-bytes.js'
import { type DataOptions, type DataResult, writeData } from './write-data.js'
import { createXattrTable } from './xattr-table.js'

/** Parts of an image that can be left uncompressed. */
export type UncompressedPart = 'inodes' | 'data' | 'fragments' | 'xattrs' | 'ids'

/** All that decides the bytes of an image besides the tree, validated and complete. */
export interface ImageSettings {
  readonly codec: Codec
  readonly blockSize: number
  readonly fragments: 'small-files' | 'always' | 'never'
  readonly deduplicate: boolean
  readonly exportable: boolean
  readonly uncompressed: ReadonlySet<UncompressedPart>
  readonly padding: number
  readonly offset: number
  /** Seconds; null takes the newest mtime of the tree. */
  readonly createdAt: number | null
  readonly unreadable: 'fail' | 'omit'
  /** The remedy for paths that cannot be read, as a clause for the error's message. */
  readonly unreadableRemedy: string
  /** Blocks that may be under way: being encoded, or encoded before their turn. */
  readonly blocksUnderWay: number
}

/** The progress of the work. Numbers only grow within a phase. */
export interface Progress {
  readonly phase: 'scan' | 'data' | 'tables' | 'seal'
  /** Files done; during the scan, entries found. */
  readonly files: number
  /** 0 during the scan. */
  readonly totalFiles: number
  readonly bytesIn: number
  /** 0 during the scan. */
  readonly totalBytes: number
  readonly bytesOut: number
}

/** The space that the content of a file takes. */
export interface StoredFile {
  /** From the image's root on, one character for each byte (`squashfs-writer/paths`); of a file with several names, the first. */
  readonly path: BytePath
  readonly bytes: number
  /** Bytes in the image: its blocks, and its part of the block that its tail shares. 0 where the content was there before. */
  readonly storedBytes: number
}

/** Inodes by their kinds, and the bytes of their files. */
export interface Census {
  /** Hard links share one. */
  readonly inodes: number
  readonly files: number
  readonly directories: number
  readonly symlinks: number
  readonly devices: number
  /** Fifos and sockets. */
  readonly ipc: number
  /** Names beyond the first of their inode. */
  readonly hardLinks: number
  /** Sum of the files' sizes, each inode once. */
  readonly bytesIn: number
}

/** Sees what is written, to record what the image itself does not say. */
export interface WriteObserver {
  /** The block writer that is to be used instead. */
  writer(writer: BlockWriter): BlockWriter
  /** The output that is to be used for all tables. */
  tables(output: Output): Output
  /** Called when the image is complete. */
  complete(leaves: readonly Node[], superblock: Uint8Array, bytesUsed: number): void
}

/** Callbacks and sources beside the tree that is written. */
export interface WriteContext {
  readonly onStored?: ((file: StoredFile) => void) | null
  /** Called when all contents are written. */
  readonly beforeTables?: (() => void | Promise<void>) | undefined
  /** The image from which blocks are copied. */
  readonly base?: BaseFile | null
  readonly observer?: WriteObserver | null
}

/** Counts and sizes of the image that was written. */
export interface ImageSummary extends Census {
  /** Size of the image with its padding, without the offset. */
  readonly bytesOut: number
  /** Fragment blocks. */
  readonly fragments: number
  /** Files whose content another file has, and their sizes. */
  readonly duplicates: { readonly files: number; readonly bytes: number }
  /** Paths that could not be read and were left out, if that was asked for. */
  readonly omitted: readonly Unreadable[]
}

/**
 * Writes an image: data, tables, superblock.
 *
 * The tables must touch: the kernel computes where each ends and compares it with where the next one begins. So the
 * sequence below is the format's own, and nothing else is written in between.
 *
 * @param encode encodes a block that lies in one or several places, of fragments and metadata.
 * @param missing paths that the scan could not read: with 'fail' there will be no image, and contents are read for errors only.
 * @throws UnreadableError when contents could not be read and `unreadable` is 'fail'.
 * @throws LimitError when the tree passes the format's limits.
 */
export async function writeTree(
  root: DirectoryNode,
  reader: ContentReader,
  encode: PartsEncoder,
  sink: Sink,
  settings: ImageSettings,
  missing: readonly Unreadable[],
  signal: AbortSignal,
  onProgress: (progress: Progress) => void,
  { onStored = null, beforeTables = () => {}, base = null, observer = null }: WriteContext = {},
): Promise<ImageSummary> {
  const { codec, uncompressed } = settings
  const output = createOutput(sink, settings.offset, base)
  const compressorOptions = codec.options ? encodeMetadataBlock(codec.options, true) : null
  output.append(new Uint8Array(SUPERBLOCK_SIZE)) // written last, when all is known
  if (compressorOptions) output.append(compressorOptions)

  // Data and fragment blocks
  const found = inodeOrder(root)
  checkOwners(root, found)
  const files = found.leaves.filter(isFile)
  const plainWriter = createBlockWriter(output, settings.blocksUnderWay)
  const blocks = observer?.writer(plainWriter) ?? plainWriter
  const data = await writeData(
    files,
    reader,
    blocks,
    encode,
    dataOptions(settings, missing),
    progressOf(files, () => output.position, signal, onProgress),
  )
  const omitted = takeOut(root, data.failures, missing, settings)
  await beforeTables()
  signal.throwIfAborted()
  onProgress({ ...total(files), phase: 'tables', bytesOut: output.position })

  // Inode table, directory table
  const order = data.failures.size > 0 ? inodeOrder(root) : found
  if (onStored) reportStored(root, order, data, settings.blockSize, onStored)
  const ids = createIdTable()
  const xattrs = createXattrTable()
  const encodeMetadata: BlockEncoder = (bytes, uncompressed) => encode([bytes], uncompressed)
  const tables = await encodeInodeTables(order, encodeMetadata, uncompressed.has('inodes'), ids, xattrs)
  const inodeTable = output.position
  const tableOutput = observer?.tables(output) ?? output
  for (const block of tables.inodeBlocks) tableOutput.append(block)
  const directoryTable = output.position
  for (const block of tables.directoryBlocks) tableOutput.append(block)
  signal.throwIfAborted()

  // Fragment table, export table, id table, xattr table
  const fragmentTable = await writeFragmentTable(tableOutput, encodeMetadata, uncompressed, data)
  const exportTable = settings.exportable
    ? await writeExportTable(tableOutput, encodeMetadata, uncompressed, tables)
    : null
  const idTable = await writeLookupTable(tableOutput, encodeMetadata, uncompressed.has('ids'), ids.records())
  const xattrTable = await xattrs.write(tableOutput, encodeMetadata, uncompressed.has('xattrs'))

  // Padding, then the superblock
  const bytesUsed = output.position
  const bytesOut = Math.ceil(bytesUsed / settings.padding) * settings.padding
  output.append(new Uint8Array(bytesOut - bytesUsed))
  await output.flush()
  signal.throwIfAborted()
  onProgress({ ...total(files), phase: 'seal', bytesOut })
  const superblock = encodeSuperblock({
    inodeCount: order.count,
    createdAt: settings.createdAt ?? newestTime(order),
    blockSize: settings.blockSize,
    fragmentCount: data.fragments.length,
    compressor: codec.id,
    flags: flagsOf(settings, data, xattrTable !== null),
    idCount: ids.count,
    rootInode: tables.references[root.number - 1]!,
    bytesUsed,
    idTable,
    xattrTable,
    inodeTable,
    directoryTable,
    fragmentTable,
    exportTable,
  })
  await output.overwrite(superblock, 0)
  observer?.complete(order.leaves, superblock, bytesUsed)
  return summary(order, bytesOut, data, omitted)
}

/** The settings of the data, for a tree of which the scan could not read `missing`. */
function dataOptions(settings: ImageSettings, missing: readonly Unreadable[]): DataOptions {
  const failureEndsAll = settings.unreadable === 'fail'
  return {
    blockSize: settings.blockSize,
    fragments: settings.fragments,
    deduplicate: settings.deduplicate,
    uncompressedFragments: settings.uncompressed.has('fragments'),
    failureEndsAll,
    errorsOnly: failureEndsAll && missing.length > 0,
  }
}

/**
 * Returns where the table starts. Without fragments that is where an empty table would lie, as with mksquashfs: 7-Zip and
 * unsquashfs before 4.6 accept no other value.
 */
async function writeFragmentTable(
  output: Output,
  encode: BlockEncoder,
  uncompressed: ImageSettings['uncompressed'],
  { fragments }: DataResult,
): Promise<number> {
  if (fragments.length === 0) return output.position
  return writeLookupTable(output, encode, uncompressed.has('inodes'), fragments.map(encodeFragmentEntry))
}

/** Returns where the table starts: the reference of each inode, by its number. */
async function writeExportTable(
  output: Output,
  encode: BlockEncoder,
  uncompressed: ImageSettings['uncompressed'],
  { references }: InodeTables,
): Promise<number> {
  const records = new Uint8Array(8 * references.length)
  const view = viewOf(records)
  for (let n = 0; n < references.length; n++) setUint64(view, 8 * n, references[n]!)
  return writeLookupTable(output, encode, uncompressed.has('inodes'), [records])
}

function flagsOf(settings: ImageSettings, data: DataResult, hasXattrs: boolean): number {
  const { codec, uncompressed, fragments } = settings
  const stores = (part: UncompressedPart) => codec.uncompressed === true || uncompressed.has(part)
  const flag = (wanted: boolean, bit: number) => (wanted ? bit : 0)
  return (
    flag(stores('inodes'), SuperblockFlag.UNCOMPRESSED_INODES) |
    flag(stores('data'), SuperblockFlag.UNCOMPRESSED_DATA) |
    flag(stores('fragments'), SuperblockFlag.UNCOMPRESSED_FRAGMENTS) |
    flag(stores('xattrs'), SuperblockFlag.UNCOMPRESSED_XATTRS) |
    flag(stores('ids'), SuperblockFlag.UNCOMPRESSED_IDS) |
    flag(data.fragments.length === 0, SuperblockFlag.NO_FRAGMENTS) |
    flag(fragments === 'always', SuperblockFlag.ALWAYS_FRAGMENTS) |
    flag(settings.deduplicate, SuperblockFlag.DUPLICATES_REMOVED) |
    flag(settings.exportable, SuperblockFlag.EXPORTABLE) |
    flag(!hasXattrs, SuperblockFlag.NO_XATTRS) |
    flag(codec.options !== undefined, SuperblockFlag.COMPRESSOR_OPTIONS)
  )
}

/**
 * Removes nodes that could not be read from the tree, under all their names.
 * @throws UnreadableError when there are any and they are not to be omitted.
 */
function takeOut(
  root: DirectoryNode,
  failures: DataResult['failures'],
  missing: readonly Unreadable[],
  { unreadable, unreadableRemedy }: ImageSettings,
): readonly Unreadable[] {
  if (failures.size === 0 && missing.length === 0) return []
  const failed: ReadonlySet<Node> = new Set(failures.keys())
  const found = pathsOf(root, failed)
  const listed = found.map(([path, node]) => ({ path: toDisplay(path), ...failures.get(node as FileNode)! }))
  const all = [...missing, ...listed].sort((a, b) => (a.path < b.path ? -1 : 1))
  if (unreadable === 'fail') throw new UnreadableError(all, unreadableRemedy)
  for (const [path] of found) removePath(root, path)
  return all
}

function removePath(root: DirectoryNode, path: ByteString): void {
  const parts = path.split('/')
  const name = parts.pop()!
  detach(
    parts.reduce((at, part) => at.children.get(part) as DirectoryNode, root),
    name,
  )
}

function reportStored(
  root: DirectoryNode,
  { leaves, count }: InodeOrder,
  { fragments }: DataResult,
  blockSize: number,
  onStored: (file: StoredFile) => void,
): void {
  const stored = storedBytes(leaves.filter(isFile), count, fragments, blockSize)
  const reported = new Set<Node>()
  forEachPath(root, (path, node) => {
    if (!isFile(node) || reported.has(node)) return // a further name
    if (node.links > 1) reported.add(node)
    onStored({ path: asBytePath(path), bytes: node.size, storedBytes: stored[node.number - 1]! })
  })
}

function progressOf(
  files: readonly FileNode[],
  bytesOut: () => number,
  signal: AbortSignal,
  onProgress: (progress: Progress) => void,
): (files: number, bytes: number) => void {
  const { totalFiles, totalBytes } = total(files)
  const done = { files: 0, bytesIn: 0 }
  onProgress({ phase: 'data', ...done, totalFiles, totalBytes, bytesOut: bytesOut() })
  return (moreFiles, moreBytes) => {
    signal.throwIfAborted()
    done.files += moreFiles
    done.bytesIn += moreBytes
    onProgress({ phase: 'data', ...done, totalFiles, totalBytes, bytesOut: bytesOut() })
  }
}

function total(files: readonly FileNode[]) {
  const bytes = files.reduce((sum, { size }) => sum + size, 0)
  return { files: files.length, totalFiles: files.length, bytesIn: bytes, totalBytes: bytes }
}

function isFile(node: Node): node is FileNode {
  return node.type === InodeType.FILE
}

function newestTime({ leaves, levels }: InodeOrder): number {
  const newest = (nodes: readonly Node[]) => nodes.reduce((time, { mtime }) => Math.max(time, mtime), 0)
  return Math.max(newest(leaves), ...levels.map(newest))
}

function summary(
  order: InodeOrder,
  bytesOut: number,
  data: DataResult,
  omitted: readonly Unreadable[],
): ImageSummary {
  return {
    ...census(order),
    bytesOut,
    fragments: data.fragments.length,
    duplicates: data.duplicates,
    omitted,
  }
}

/** Counts what is in a tree. */
export function census({ leaves, levels, count }: InodeOrder): Census {
  const ofType = new Map<InodeType, number>()
  let [names, bytesIn] = [0, 0]
  for (const node of leaves) {
    ofType.set(node.type, (ofType.get(node.type) ?? 0) + 1)
    names += node.links
    if (isFile(node)) bytesIn += node.size
  }
  const number = (...types: InodeType[]) => types.reduce((sum, type) => sum + (ofType.get(type) ?? 0), 0)
  return {
    inodes: count,
    files: number(InodeType.FILE),
    directories: levels.reduce((sum, level) => sum + level.length, 0),
    symlinks: number(InodeType.SYMLINK),
    devices: number(InodeType.BLOCK_DEVICE, InodeType.CHARACTER_DEVICE),
    ipc: number(InodeType.FIFO, InodeType.SOCKET),
    hardLinks: names - leaves.length,
    bytesIn,
  }
}
