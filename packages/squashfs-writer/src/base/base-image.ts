/** Base image: opens an older image and finds the position of each file's content. */
import { createHash } from 'node:crypto'
import { closeSync, constants, fstatSync, openSync } from 'node:fs'
import { setImmediate } from 'node:timers/promises'
import { type FileIdentity, identityOf } from '../destination/identity.js'
import { blockSizeOnDisk, HOLE, isUncompressedBlock } from '../format/data-block.js'
import { decodeFragmentEntry, NO_FRAGMENT } from '../format/fragment.js'
import { decodeBlockSizes, InodeType } from '../format/inode.js'
import { decodeMetadataReference } from '../format/metadata-block.js'
import { SUPERBLOCK_SIZE, SuperblockFlag } from '../format/superblock.js'
import type { BaseBlock, BaseFile, BaseFragment, BaseFragmentPart } from '../image/base-block.js'
import { BaseCopies } from '../image/base-copies.js'
import { attempt, descriptorSource } from '../image-file/descriptor-source.js'
import { type ImageFile, rootOf } from '../reader/inode-reader.js'
import { openContext, type ReaderContext } from '../reader/reader-context.js'
import { walk } from '../reader/walk.js'
import { type ByteString, toDisplay } from '../tree/byte-string.js'
import type { ImageTie } from './pack-record.js'

/** The content of a file in the base. */
export interface FileInBase {
  readonly size: number
  /** Inode number. */
  readonly number: number
  /** Its blocks; null for a hole. */
  readonly blocks: readonly (BaseBlock | null)[]
  readonly tail: BaseFragmentPart | null
}

export type FilesInBase = ReadonlyMap<ByteString, ReadonlyMap<ByteString, FileInBase>>

export interface BaseImage {
  readonly file: BaseFile
  readonly compressor: number
  readonly blockSize: number
  /** The compressor options; null if the image has none. */
  readonly compressorOptions: Uint8Array | null
  readonly identity: FileIdentity
  /** End of the data area, in bytes from the start of the image. */
  readonly dataEnd: number
  /**
   * The files by the path of their directory, then by name. A file with several names occurs several times. Files with invalid
   * positions are left out.
   */
  readonly files: FilesInBase
  /** Up to `most` compressed blocks from all parts of the image. */
  samples(most: number): BaseBlock[]
  tie(): Omit<ImageTie, 'file'>
  close(): void
}

/** Milliseconds after which the event loop can do other work, such as the scan of the packed directory. */
const TURN = 5

/**
 * Opens the base.
 * @param onCount called with the number of inodes of the image, before any is read.
 * @throws ImageError if the file does not exist or is not an image, or its tables are damaged.
 */
export async function openBaseImage(path: ByteString, onCount: (inodes: number) => void): Promise<BaseImage> {
  const name = toDisplay(path)
  const flags = constants.O_RDONLY | constants.O_NONBLOCK
  const descriptor = attempt(name, () => openSync(Buffer.from(path, 'latin1'), flags))
  try {
    const found = attempt(name, () => fstatSync(descriptor, { bigint: true }))
    const source = descriptorSource(name, descriptor, Number(found.size))
    const context = await openContext(source)
    const { superblock } = context
    const read = (position: number, length: number) => {
      const bytes = source.read(position, length)
      if (bytes instanceof Promise || bytes.length !== length)
        throw context.fail('it was cut off while it was read', 'TRUNCATED_IMAGE')
      return bytes
    }
    onCount(superblock.inodeCount)
    const fragments = await fragmentsOf(context)
    const files = await filesOf(context, fragments)
    const hasOptions = (superblock.flags & SuperblockFlag.COMPRESSOR_OPTIONS) !== 0
    return {
      file: { descriptor, read, copies: new BaseCopies() },
      compressor: superblock.compressor,
      blockSize: superblock.blockSize,
      compressorOptions: hasOptions
        ? (await context.cache.at(SUPERBLOCK_SIZE, superblock.inodeTable)).content.slice()
        : null,
      identity: identityOf(found),
      dataEnd: superblock.inodeTable,
      files,
      samples: (most) => samplesOf(files, fragments, most),
      tie: () => ({
        bytesUsed: superblock.bytesUsed,
        digest: createHash('sha256')
          .update(read(superblock.inodeTable, superblock.bytesUsed - superblock.inodeTable))
          .update(read(0, SUPERBLOCK_SIZE))
          .digest('hex'),
      }),
      close: () => closeSync(descriptor),
    }
  } catch (error) {
    closeSync(descriptor)
    throw error
  }
}

type Growing<T> = { -readonly [field in keyof T]: T[field] }

/** The fragment blocks; null for one with an invalid position. */
async function fragmentsOf(context: ReaderContext): Promise<(Growing<BaseFragment> | null)[]> {
  const fragments: (Growing<BaseFragment> | null)[] = []
  for (let n = 0; context.fragments && n < context.superblock.fragmentCount; n++) {
    const { start, sizeWord } = decodeFragmentEntry(await context.fragments.record(n))
    const block = { position: start, sizeWord, filled: 0 }
    fragments.push(isValid(block, context) ? block : null)
  }
  return fragments
}

async function filesOf(
  context: ReaderContext,
  fragments: readonly (Growing<BaseFragment> | null)[],
): Promise<FilesInBase> {
  const files = new Map<ByteString, Map<ByteString, FileInBase>>()
  const known = new Map<number, FileInBase | null>()
  let turn = performance.now()
  for await (const { path, names } of walk(context, '', await rootOf(context))) {
    const here = new Map<ByteString, FileInBase>()
    files.set(path, here)
    if (performance.now() - turn > TURN) {
      await setImmediate()
      turn = performance.now()
    }
    for (const { name, inode } of names) {
      if (inode.type !== InodeType.FILE) continue
      let file = inode.links > 1 ? known.get(inode.reference) : undefined
      if (file === undefined) {
        const found = fileOf(inode, context, fragments)
        file = found instanceof Promise ? await found : found // a promise for each file would be slow
        if (inode.links > 1) known.set(inode.reference, file)
      }
      if (file) here.set(name, file)
    }
  }
  return files
}

/** The content of a file; null if its positions are invalid. */
function fileOf(
  file: ImageFile,
  context: ReaderContext,
  fragments: readonly (Growing<BaseFragment> | null)[],
): FileInBase | null | Promise<FileInBase | null> {
  if (file.blockCount === 0) return fileWith(NO_BLOCKS, file, context, fragments)
  return blocksOf(file, context).then((blocks) => blocks && fileWith(blocks, file, context, fragments))
}

const NO_BLOCKS: FileInBase['blocks'] = []

function fileWith(
  blocks: FileInBase['blocks'],
  { size, head, fragment, fragmentOffset }: ImageFile,
  context: ReaderContext,
  fragments: readonly (Growing<BaseFragment> | null)[],
): FileInBase | null {
  const { blockSize } = context.superblock
  const length = fragment === NO_FRAGMENT ? 0 : size % blockSize
  if (length === 0) return { size, number: head.number, blocks, tail: null }
  const block = fragments[fragment]
  if (!block || fragmentOffset + length > blockSize) return null
  block.filled = Math.max(block.filled, fragmentOffset + length)
  return { size, number: head.number, blocks, tail: { block, offset: fragmentOffset, length } }
}

async function blocksOf(file: ImageFile, context: ReaderContext): Promise<(BaseBlock | null)[] | null> {
  const place = decodeMetadataReference(file.reference)
  if (4 * file.blockCount > context.inodes.capacity(place)) return null
  const cursor = context.inodes.cursor(place)
  await cursor.take(file.sizeOfFixedPart)
  const blocks: (BaseBlock | null)[] = []
  let position = file.start
  for (const sizeWord of decodeBlockSizes(await cursor.take(4 * file.blockCount))) {
    const block = sizeWord === HOLE ? null : { position, sizeWord }
    if (block && !isValid(block, context)) return null
    blocks.push(block)
    position += blockSizeOnDisk(sizeWord)
  }
  return blocks
}

function isValid({ position, sizeWord }: BaseBlock, { superblock }: ReaderContext): boolean {
  const size = blockSizeOnDisk(sizeWord)
  if (size === 0 || size > superblock.blockSize) return false
  return position >= SUPERBLOCK_SIZE && position + size <= superblock.inodeTable
}

function samplesOf(
  files: FilesInBase,
  fragments: readonly (BaseFragment | null)[],
  most: number,
): BaseBlock[] {
  const blocks = [...files.values()].flatMap((here) => [...here.values()].flatMap((file) => file.blocks))
  const all = [...blocks, ...fragments]
  const compressed = all.filter(
    (block): block is BaseBlock => !!block && !isUncompressedBlock(block.sizeWord),
  )
  const step = Math.max(1, Math.ceil(compressed.length / most))
  return compressed.filter((_, n) => n % step === 0)
}
