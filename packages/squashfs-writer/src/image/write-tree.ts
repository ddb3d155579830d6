/** Write tree: writes an image from top to bottom, in the order of its parts on disk. */
import type { Codec } from '../codec/codec.js'
import { type Unreadable, UnreadableError } from '../errors.js'
import { setUint64 } from '../format/byte-order.js'
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

/** The settings that decide the bytes of an image, besides the tree. They are validated and complete. */
export interface ImageSettings {
  readonly codec: Codec
  readonly blockSize: number
  readonly fragments: 'small-files' | 'always' | 'never'
  readonly deduplicate: boolean
  readonly exportable: boolean
  readonly uncompressed: ReadonlySet<UncompressedPart>
  readonly padding: number
  readonly offset: number
  /** Seconds since 1970; null for the newest mtime of the tree. */
  readonly createdAt: number | null
  readonly unreadable: 'fail' | 'omit'
  /** The remedy for paths that cannot be read, as a clause for the error message. */
  readonly unreadableRemedy: string
  /** Maximum number of pending blocks: those that are being encoded, and those that wait for an earlier one. */
  readonly maxPendingBlocks: number
}

/** The progress of the work. Within a phase, numbers never decrease. */
export interface Progress {
  readonly phase: 'scan' | 'data' | 'tables' | 'seal'
  /** Files that are done; during the scan, entries that were found. */
  readonly files: number
  /** 0 during the scan. */
  readonly totalFiles: number
  readonly bytesIn: number
  /** 0 during the scan. */
  readonly totalBytes: number
  readonly bytesOut: number
}

/** The size of a file and of its content in the image. */
export interface StoredFile {
  /** Relative to the root of the image, with one character for each byte (`squashfs-writer/paths`). The first name of the file. */
  readonly path: BytePath
  readonly bytes: number
  /** Bytes in the image: its blocks, and its share of a fragment block. 0 if an earlier file has the same content. */
  readonly storedBytes: number
}

/** The number of inodes by type, and the size of all files. */
export interface Census {
  /** Hard links to an inode count as one. */
  readonly inodes: number
  readonly files: number
  readonly directories: number
  readonly symlinks: number
  readonly devices: number
  /** Fifos and sockets. */
  readonly ipc: number
  /** Names of inodes after their first name. */
  readonly hardLinks: number
  /** Sum of the file sizes. Each inode counts once. */
  readonly bytesIn: number
}

/** Observes what is written, to record what a reader cannot learn from the image. */
export interface WriteObserver {
  /** Wraps the block writer. */
  writer(writer: BlockWriter): BlockWriter
  /** Wraps the output for the tables. */
  tables(output: Output): Output
  /** Called when the image is complete. */
  complete(leaves: readonly Node[], superblock: Uint8Array, bytesUsed: number): void
}

/** Optional callbacks and the base. */
export interface WriteContext {
  readonly onStored?: ((file: StoredFile) => void) | null
  /** Called when all contents are written. */
  readonly beforeTables?: (() => void | Promise<void>) | undefined
  /** The image from which blocks are copied. */
  readonly base?: BaseFile | null
  readonly observer?: WriteObserver | null
}

/** Counts and sizes of the written image. */
export interface ImageSummary extends Census {
  /** Size of the image with padding, without the offset. */
  readonly bytesOut: number
  /** Fragment blocks. */
  readonly fragments: number
  /** The number and total size of files that share the content of an earlier file. */
  readonly duplicates: { readonly files: number; readonly bytes: number }
  /** Unreadable paths that were left out (`unreadable: 'omit'`). */
  readonly omitted: readonly Unreadable[]
}

/**
 * Writes an image: data, tables, superblock.
 *
 * There must be no gaps between the tables: the kernel computes the end of each table and compares it with the start of the
 * next one. So the order below is that of the format, and nothing else is written in between.
 *
 * @param encode encodes a fragment or metadata block from one or several parts.
 * @param missing paths that the scan could not read. If there are any and `unreadable` is 'fail', contents are only read to
 * find all errors.
 * @throws UnreadableError if contents could not be read and `unreadable` is 'fail'.
 * @throws LimitError if the tree exceeds the limits of the format.
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
  output.append(new Uint8Array(SUPERBLOCK_SIZE)) // a placeholder: the superblock is written last
  if (compressorOptions) output.append(compressorOptions)

  // Data and fragment blocks
  const scannedOrder = inodeOrder(root)
  checkOwners(root, scannedOrder)
  const files = scannedOrder.leaves.filter(isFile)
  const plainWriter = createBlockWriter(output, settings.maxPendingBlocks)
  const blocks = observer?.writer(plainWriter) ?? plainWriter
  const data = await writeData(
    files,
    reader,
    blocks,
    encode,
    dataOptions(settings, missing),
    progressOf(files, () => output.position, signal, onProgress),
  )
  const omitted = removeUnreadable(root, data.failures, missing, settings)
  await beforeTables()
  signal.throwIfAborted()
  onProgress({ ...total(files), phase: 'tables', bytesOut: output.position })

  // Inode table, directory table
  const order = data.failures.size > 0 ? inodeOrder(root) : scannedOrder
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

function dataOptions(settings: ImageSettings, missing: readonly Unreadable[]): DataOptions {
  const failOnUnreadable = settings.unreadable === 'fail'
  return {
    blockSize: settings.blockSize,
    fragments: settings.fragments,
    deduplicate: settings.deduplicate,
    uncompressedFragments: settings.uncompressed.has('fragments'),
    failOnUnreadable,
    errorsOnly: failOnUnreadable && missing.length > 0,
  }
}

/**
 * Writes the fragment table and returns its start. Without fragments it returns the position of an empty table, as mksquashfs
 * does: 7-Zip and unsquashfs before 4.6 accept no other value.
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

/** Writes the export table, the reference of each inode by its number, and returns its start. */
async function writeExportTable(
  output: Output,
  encode: BlockEncoder,
  uncompressed: ImageSettings['uncompressed'],
  { references }: InodeTables,
): Promise<number> {
  const records = new Uint8Array(8 * references.length)
  for (let n = 0; n < references.length; n++) setUint64(records, 8 * n, references[n]!)
  return writeLookupTable(output, encode, uncompressed.has('inodes'), [records])
}

function flagsOf(settings: ImageSettings, data: DataResult, hasXattrs: boolean): number {
  const { codec, uncompressed, fragments } = settings
  const isUncompressed = (part: UncompressedPart) => codec.uncompressed === true || uncompressed.has(part)
  const flag = (wanted: boolean, bit: number) => (wanted ? bit : 0)
  return (
    flag(isUncompressed('inodes'), SuperblockFlag.UNCOMPRESSED_INODES) |
    flag(isUncompressed('data'), SuperblockFlag.UNCOMPRESSED_DATA) |
    flag(isUncompressed('fragments'), SuperblockFlag.UNCOMPRESSED_FRAGMENTS) |
    flag(isUncompressed('xattrs'), SuperblockFlag.UNCOMPRESSED_XATTRS) |
    flag(isUncompressed('ids'), SuperblockFlag.UNCOMPRESSED_IDS) |
    flag(data.fragments.length === 0, SuperblockFlag.NO_FRAGMENTS) |
    flag(fragments === 'always', SuperblockFlag.ALWAYS_FRAGMENTS) |
    flag(settings.deduplicate, SuperblockFlag.DUPLICATES_REMOVED) |
    flag(settings.exportable, SuperblockFlag.EXPORTABLE) |
    flag(!hasXattrs, SuperblockFlag.NO_XATTRS) |
    flag(codec.options !== undefined, SuperblockFlag.COMPRESSOR_OPTIONS)
  )
}

/**
 * Removes all names of unreadable nodes from the tree.
 * @throws UnreadableError if there are any and `unreadable` is 'fail'.
 */
function removeUnreadable(
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
    if (!isFile(node) || reported.has(node)) return // another name of a file
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

/** Counts the inodes of a tree by type. */
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
