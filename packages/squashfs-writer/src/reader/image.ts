/** Image: the queries on an image that is open. */
import type { ImageError } from '../errors.js'
import { InodeType } from '../format/inode.js'
import { decodeMetadataReference } from '../format/metadata-block.js'
import { SUPERBLOCK_SIZE, type Superblock, SuperblockFlag } from '../format/superblock.js'
import { type ByteString, fromBytes, toByteString, toDisplay } from '../tree/byte-string.js'
import type { Xattr } from '../tree/node.js'
import { blockReader } from './block-reader.js'
import { type ImageName, namesIn } from './directory-reader.js'
import { entriesBelow, type ImageEntry } from './entries.js'
import { contentReader, type FilePiece, type FileStorage, type PartReader } from './file-content.js'
import { type ImageDirectory, type ImageFile, type ImageInode, inodeAt } from './inode-reader.js'
import { openParts } from './parts.js'
import { findPath } from './path-lookup.js'
import type { ImageSource } from './source.js'
import { take } from './steps.js'
import type { Verification } from './verify.js'
import { type TakeColumns, type WalkedDirectory, walk, walkColumns } from './walk.js'
import { xattrReader } from './xattr-reader.js'

/**
 * An image that is open for reading. Every method that reads throws an ImageError when the image turns out to be damaged.
 *
 * Nothing in an image is trusted: sizes, counts and references are checked against it before anything is allocated or
 * followed. Besides what is returned, at most 48 MiB are kept (33 MiB of metadata, fragment blocks, blocks under way), a
 * bit for each inode, and while entries are read a path for each inode that has several names.
 */
export interface ImageReader {
  readonly superblock: Superblock
  /** The compressor's settings after the superblock; null where they are the implied ones. */
  compressorOptions(): Promise<Uint8Array | null>
  /**
   * The inode at a path from the image's root, such as `lib/python3.12/site.py`; null where there is none.
   * @param path a string stands for its UTF-8. `/` at its start and empty parts mean nothing.
   * @param options.followSymlinks whether symlinks are followed, the last one too; false if absent. They stay in the image: an absolute target begins at its root, and so does `..` there.
   */
  find(path: string | Uint8Array, options?: { readonly followSymlinks?: boolean }): Promise<ImageInode | null>
  /** As {@link find}, with the path at which it was found once symlinks were followed. */
  resolve(
    path: string | Uint8Array,
  ): Promise<{ readonly inode: ImageInode; readonly path: ByteString } | null>
  /** The names in a directory, in ascending order of their bytes. */
  list(directory: ImageDirectory): Promise<readonly ImageName[]>
  /**
   * A directory and all directories below it, each with its names: parents first, siblings in ascending order.
   * @param path the root if absent; symlinks are not followed.
   * @throws ImageError (`NOT_IN_IMAGE`) when there is no directory at the path.
   */
  walk(path?: string | Uint8Array): AsyncGenerator<WalkedDirectory>
  /**
   * As {@link walk}, for very many names: with the fields of a long listing in columns, and without a promise for each directory.
   * @param options.recursive whether directories below are walked, too.
   * @param take is given one directory after the other; it may return a promise, which is waited for, and `false` to end.
   * @throws ImageError (`NOT_IN_IMAGE`) when there is no directory at the path.
   */
  columns(
    path: string | Uint8Array,
    options: { readonly recursive: boolean },
    take: TakeColumns,
  ): Promise<void>
  /**
   * All that is in the image, or in a directory of it, in the shape that `writeImage` takes. Paths begin at the root.
   * @throws ImageError (`NOT_IN_IMAGE`) when there is no directory at the path.
   */
  entries(path?: string | Uint8Array): AsyncGenerator<ImageEntry>
  /** The content of a file of up to 1 GiB. @throws ImageError (`TOO_LARGE`) for a larger one. */
  read(file: ImageFile): Promise<Uint8Array>
  /**
   * A part of a file; shorter where the file ends.
   * @param start in bytes from the file's start.
   * @param length up to 1 GiB.
   */
  readRange(file: ImageFile, start: number, length: number): Promise<Uint8Array>
  /** The content of a file, in pieces of at most the block size. A hole comes as zeros. */
  stream(file: ImageFile): AsyncGenerator<Uint8Array>
  /** As {@link stream}, with holes as such. */
  pieces(file: ImageFile): AsyncGenerator<FilePiece>
  /** For who reads many files, one after the other: without new memory for each. */
  partReader(): PartReader
  /** How many bytes a file takes in the image. */
  storage(file: ImageFile): Promise<FileStorage>
  /** Extended attributes by full name, one character for each byte. */
  xattrs(inode: ImageInode): Promise<readonly Xattr[]>
  /** The inode of a {@link ImageInode.reference}; at once where it is in memory. */
  at(reference: number): ImageInode | Promise<ImageInode>
  /**
   * Reads everything: each metadata block, each data block, each reference, and whether the tables agree. Squashfs has no
   * checksums: other bytes in a block show only when they cannot be decompressed.
   * @returns what is wrong, if anything is.
   */
  verify(options?: { readonly signal?: AbortSignal }): Promise<Verification>
}

/**
 * Opens an image that is compressed with zstd or gzip, or not at all.
 * @throws ImageError when it is none, is cut off or damaged, or is compressed in another way.
 */
export async function readImage(source: ImageSource): Promise<ImageReader> {
  const parts = await openParts(source)
  const { superblock } = parts
  const blocks = blockReader(parts)
  const contents = contentReader(parts, blocks)
  const xattrs = xattrReader(parts)

  async function directoryAt(
    path: string | Uint8Array,
  ): Promise<{ readonly path: ByteString; readonly inode: ImageDirectory }> {
    const bytes = bytesOf(path)
    const found = await findPath(parts, bytes, false)
    if (found?.inode.type === InodeType.DIRECTORY) return { path: found.path, inode: found.inode }
    throw parts.fail(`there is no directory ${toDisplay(bytes)} in it`, 'NOT_IN_IMAGE')
  }

  function checkedFile(file: ImageFile, method: string): ImageFile {
    if (file?.type === InodeType.FILE) return file
    throw wrongArgument(method, 'a file')
  }

  function bytesOf(path: string | Uint8Array): ByteString {
    if (typeof path === 'string' || path instanceof Uint8Array) return toByteString(path)
    throw parts.fail(`a path is text or bytes, not ${typeof path}`, 'WRONG_ARGUMENT')
  }

  function wrongArgument(method: string, what: string): ImageError {
    return parts.fail(`${method} takes ${what} of this image, as find gives it`, 'WRONG_ARGUMENT')
  }

  return {
    superblock,
    async compressorOptions() {
      if ((superblock.flags & SuperblockFlag.COMPRESSOR_OPTIONS) === 0) return null
      const { content } = await parts.cache.at(SUPERBLOCK_SIZE, superblock.inodeTable)
      return content.slice()
    },
    async find(path, { followSymlinks = false } = {}) {
      return (await findPath(parts, bytesOf(path), followSymlinks))?.inode ?? null
    },
    resolve: async (path) => await findPath(parts, bytesOf(path), true),
    async list(directory) {
      if (directory?.type !== InodeType.DIRECTORY) throw wrongArgument('list', 'a directory')
      return await namesIn(parts, directory)
    },
    async *walk(path = '') {
      const start = await directoryAt(path)
      yield* walk(parts, start.path, start.inode)
    },
    async columns(path, { recursive }, takeColumns) {
      const start = await directoryAt(path)
      await take(walkColumns(parts, start.path, start.inode, recursive, takeColumns))
    },
    async *entries(path = '') {
      const start = await directoryAt(path)
      yield* entriesBelow(parts, contents, xattrs, start.path, start.inode)
    },
    read: async (file) => await contents.read(checkedFile(file, 'read')),
    readRange: async (file, start, length) =>
      await contents.readRange(checkedFile(file, 'readRange'), start, length),
    async *stream(file) {
      yield* contents.stream(checkedFile(file, 'stream'))
    },
    async *pieces(file) {
      yield* contents.pieces(checkedFile(file, 'pieces'))
    },
    partReader: contents.partReader,
    storage: async (file) => await contents.storage(checkedFile(file, 'storage')),
    xattrs: (inode) => xattrs.read(inode.head.xattrIndex),
    at: (reference) => inodeAt(parts, decodeMetadataReference(reference)),
    async verify({ signal } = {}) {
      // Loaded when it is wanted: most that open an image have no use for it.
      const { verify } = await import('./verify.js')
      return await verify(parts, contents, blocks, xattrs, signal)
    },
  }
}

/** Where a symlink leads, one character for each byte. */
export function targetOf(symlink: { readonly target: Uint8Array }): ByteString {
  return fromBytes(symlink.target)
}
