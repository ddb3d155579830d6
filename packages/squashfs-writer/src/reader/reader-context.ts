/** Reader context: the superblock and tables of an open image, which all modules of the reader share. They are checked when it is opened. */
import { type Decompress, decompressorFor } from '../codec/decompress.js'
import { ImageError, type ImageErrorCode } from '../errors.js'
import { viewOf } from '../format/byte-order.js'
import { MAX_BLOCK_SIZE, MIN_BLOCK_SIZE } from '../format/limits.js'
import { decodeMetadataReference, METADATA_BLOCK_SIZE } from '../format/metadata-block.js'
import { decodeSuperblock, SUPERBLOCK_SIZE, type Superblock } from '../format/superblock.js'
import { type LookupTable, lookupTable } from './lookup-table.js'
import { type BlockCache, blockCache, type MetadataReader, metadataReader } from './metadata-reader.js'
import type { ImageSource } from './source.js'

export interface ReaderContext {
  readonly source: ImageSource
  readonly expand: Decompress
  readonly superblock: Superblock
  readonly cache: BlockCache
  readonly inodes: MetadataReader
  readonly listings: MetadataReader
  /** The user and group ids to which inodes refer. */
  readonly ids: IdTable
  /** `null` if the image has no fragments. */
  readonly fragments: LookupTable | null
  readonly bytes: ReadBytes
  readonly bytesInto: ReadInto
  readonly fail: Fail
}

/** Reads all `length` bytes at a position, without a promise if the source is synchronous. */
export type ReadBytes = (position: number, length: number) => Uint8Array | Promise<Uint8Array>

/** Like {@link ReadBytes}, but fills an existing array. */
export type ReadInto = (target: Uint8Array, position: number) => void | Promise<void>

/** Creates the error that says what is wrong with this image. */
export type Fail = (what: string, code?: ImageErrorCode, cause?: unknown) => ImageError

/**
 * Reads and checks the superblock, on which all other reads rely.
 * @throws ImageError if it is not an image, is truncated, contradicts itself, or has an unsupported compressor.
 */
export async function openContext(source: ImageSource): Promise<ReaderContext> {
  const fail: Fail = (what, code = 'DAMAGED_IMAGE', cause) =>
    new ImageError(code, code === 'DAMAGED_IMAGE' ? `the image is damaged: ${what}` : what, {
      path: source.name,
      cause,
    })
  const bytes: ReadBytes = (position, length) => {
    checkInside(position, length)
    const read = source.read(position, length)
    return read instanceof Promise ? read.then(whole) : whole(read)

    function whole(found: Uint8Array): Uint8Array {
      if (found.length === length) return found
      throw fail(truncation(source.size, position + found.length), 'TRUNCATED_IMAGE')
    }
  }
  const bytesInto: ReadInto = (target, position) => {
    checkInside(position, target.length)
    if (source.readInto) {
      const count = source.readInto(target, position)
      if (count !== target.length) throw fail(truncation(source.size, position + count), 'TRUNCATED_IMAGE')
      return
    }
    const read = bytes(position, target.length)
    if (read instanceof Promise) return read.then((found) => target.set(found))
    target.set(read)
  }
  function checkInside(position: number, length: number): void {
    if (!(position >= 0 && position + length <= source.size))
      throw fail(`${length} bytes at ${position} are outside of it`)
  }
  const superblock = decodeSuperblock(await bytes(0, Math.min(SUPERBLOCK_SIZE, source.size)))
  if (superblock === null) throw fail('it is not a squashfs 4.0 image', 'NOT_AN_IMAGE')
  if (superblock.bytesUsed > source.size && superblock.bytesUsed <= MAX_IMAGE)
    throw fail(truncation(superblock.bytesUsed, source.size), 'TRUNCATED_IMAGE')
  checkSuperblock(superblock, source.size, fail)
  const expand = decompressorFor(superblock.compressor, fail)
  const cache = blockCache(bytes, expand, fail)
  const { inodeTable, directoryTable, fragmentTable, exportTable, idTable } = superblock
  const listingsEnd = Math.min(fragmentTable ?? idTable, exportTable ?? idTable, idTable)
  return {
    source,
    expand,
    superblock,
    cache,
    inodes: metadataReader(cache, 'inode table', inodeTable, directoryTable, fail),
    listings: metadataReader(cache, 'directory table', directoryTable, listingsEnd, fail),
    ids: await readIds(
      lookupTable(
        bytes,
        cache,
        { name: 'id table', recordSize: 4, count: superblock.idCount, index: idTable },
        fail,
      ),
    ),
    fragments:
      superblock.fragmentCount === 0 || fragmentTable === null
        ? null
        : lookupTable(
            bytes,
            cache,
            { name: 'fragment table', recordSize: 16, count: superblock.fragmentCount, index: fragmentTable },
            fail,
          ),
    bytes,
    bytesInto,
    fail,
  }
}

export interface IdTable {
  /** At most 65,535. */
  readonly values: Uint32Array
  readonly extent: LookupTable['extent']
}

/** Reads the whole id table, since every inode needs two ids. */
async function readIds({ count, record, extent }: LookupTable): Promise<IdTable> {
  const values = new Uint32Array(count)
  for (let n = 0; n < count; n++) values[n] = viewOf(await record(n)).getUint32(0, true)
  return { values, extent }
}

/** The largest possible image. One that claims to be larger is damaged rather than truncated. */
const MAX_IMAGE = 2 ** 53

function truncation(whole: number, present: number): string {
  const missing = whole - present
  const number = new Intl.NumberFormat('en-US')
  return `truncated: ${number.format(missing)} of ${number.format(whole)} bytes are missing; copy or make it again`
}

function checkSuperblock(s: Superblock, size: number, fail: Fail): void {
  const bits = Math.log2(s.blockSize)
  if (!(s.blockSize >= MIN_BLOCK_SIZE && s.blockSize <= MAX_BLOCK_SIZE && Number.isInteger(bits)))
    throw fail(`its block size is ${s.blockSize}`)
  if (!(s.bytesUsed >= SUPERBLOCK_SIZE && s.bytesUsed <= size)) throw fail('its length is not possible')
  const inside = (start: number) => start >= SUPERBLOCK_SIZE && start < s.bytesUsed
  const starts = { inode: s.inodeTable, directory: s.directoryTable, id: s.idTable }
  for (const [name, start] of Object.entries(starts)) {
    if (!inside(start)) throw fail(`the start of its ${name} table is outside of it`)
  }
  if (s.inodeTable >= s.directoryTable || s.directoryTable > s.idTable)
    throw fail('its tables are out of order')
  const later = { fragment: s.fragmentTable, export: s.exportTable, xattr: s.xattrTable }
  for (const [name, start] of Object.entries(later)) {
    if (start === null) continue
    if (!(start >= s.directoryTable && start <= s.bytesUsed))
      throw fail(`the start of its ${name} table is not possible`)
  }
  if (s.fragmentCount > 0 && s.fragmentTable === null) throw fail('it has fragments and no fragment table')
  if (s.idCount === 0) throw fail('it has no user and group ids')
  // No inode takes fewer than 20 bytes, and no metadata block fewer than 3.
  const maxInodes = (Math.ceil((s.directoryTable - s.inodeTable) / 3) * METADATA_BLOCK_SIZE) / 20
  if (s.inodeCount === 0 || s.inodeCount > maxInodes)
    throw fail(`it cannot have ${s.inodeCount} inodes in its inode table`)
  const root = decodeMetadataReference(s.rootInode)
  if (!(s.inodeTable + root.block < s.directoryTable))
    throw fail('its root directory is outside of the inode table')
}
