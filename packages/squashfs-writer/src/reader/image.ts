/** Image: the operations on an open image. */
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
import { findPath } from './path-lookup.js'
import { openContext } from './reader-context.js'
import type { ImageSource } from './source.js'
import { runSteps } from './steps.js'
import type { Verification } from './verify.js'
import { type TakeColumns, type WalkedDirectory, walk, walkColumns } from './walk.js'
import { xattrReader } from './xattr-reader.js'

/**
 * An open image. Every method that reads throws an ImageError if the image is damaged.
 *
 * The image is not trusted: sizes, counts and references are checked before anything is allocated or followed. Besides the
 * results, the reader keeps at most 48 MiB (33 MiB of metadata, fragment blocks, blocks that are being decoded), a bit for each
 * inode, and while entries are read, a path for each inode with several names.
 */
export interface ImageReader {
  readonly superblock: Superblock
  /** The compressor options after the superblock; null if the image has none. */
  compressorOptions(): Promise<Uint8Array | null>
  /**
   * Finds the inode at a path from the root of the image, such as `lib/python3.12/site.py`; null if there is none.
   * @param path a string is encoded as UTF-8. A leading `/` and empty parts are ignored.
   * @param options.followSymlinks whether symlinks are followed, including the last part; false if absent. They never lead out
   * of the image: an absolute target begins at its root, and `..` at the root stays there.
   */
  find(path: string | Uint8Array, options?: { readonly followSymlinks?: boolean }): Promise<ImageInode | null>
  /** Like {@link find} with symlinks followed. Also returns the path of the inode after all symlinks. */
  resolve(
    path: string | Uint8Array,
  ): Promise<{ readonly inode: ImageInode; readonly path: ByteString } | null>
  /** The entries of a directory, in ascending order of name bytes. */
  list(directory: ImageDirectory): Promise<readonly ImageName[]>
  /**
   * A directory and all directories below it, each with its entries: parents first, siblings in ascending order.
   * @param path the root if absent; symlinks are not followed.
   * @throws ImageError (`NOT_IN_IMAGE`) if there is no directory at the path.
   */
  walk(path?: string | Uint8Array): AsyncGenerator<WalkedDirectory>
  /**
   * Like {@link walk}, but faster for very many names: gives the fields of a long listing in columns, and creates no promise
   * for each directory.
   * @param options.recursive whether to walk the directories below, too.
   * @param take called with each directory. It may return a promise, which is awaited. `false` ends the walk.
   * @throws ImageError (`NOT_IN_IMAGE`) if there is no directory at the path.
   */
  columns(
    path: string | Uint8Array,
    options: { readonly recursive: boolean },
    take: TakeColumns,
  ): Promise<void>
  /**
   * The entries of the image, or of a directory and everything below it, in the form that `writeImage` takes. Paths begin at
   * the root of the image.
   * @throws ImageError (`NOT_IN_IMAGE`) if there is no directory at the path.
   */
  entries(path?: string | Uint8Array): AsyncGenerator<ImageEntry>
  /** The content of a file of up to 1 GiB. @throws ImageError (`TOO_LARGE`) for a larger one. */
  read(file: ImageFile): Promise<Uint8Array>
  /**
   * A range of a file, shorter if the file ends before.
   * @param start in bytes from the start of the file.
   * @param length up to 1 GiB.
   */
  readRange(file: ImageFile, start: number, length: number): Promise<Uint8Array>
  /** The content of a file, in pieces of at most the block size. Holes are read as zeros. */
  stream(file: ImageFile): AsyncGenerator<Uint8Array>
  /** Like {@link stream}, but holes are marked. */
  pieces(file: ImageFile): AsyncGenerator<FilePiece>
  /** Creates a reader of many files, one at a time, which allocates no new memory for each. */
  partReader(): PartReader
  /** How many bytes a file takes in the image. */
  storage(file: ImageFile): Promise<FileStorage>
  /** The extended attributes of an inode, by full name with one character for each byte. */
  xattrs(inode: ImageInode): Promise<readonly Xattr[]>
  /** The inode of a {@link ImageInode.reference}, without a promise if it is cached. */
  at(reference: number): ImageInode | Promise<ImageInode>
  /**
   * Reads all metadata blocks and data blocks, checks all references, and compares the tables. squashfs has no checksums, so a
   * changed byte in a block is found only if the block can no longer be decompressed.
   * @returns counts, and the problems that were found.
   */
  verify(options?: { readonly signal?: AbortSignal }): Promise<Verification>
}

/**
 * Opens an image that is compressed with zstd or gzip, or not at all.
 * @throws ImageError if it is not an image, is truncated or damaged, or has another compressor.
 */
export async function readImage(source: ImageSource): Promise<ImageReader> {
  const context = await openContext(source)
  const { superblock } = context
  const blocks = blockReader(context)
  const contents = contentReader(context, blocks)
  const xattrs = xattrReader(context)

  async function directoryAt(
    path: string | Uint8Array,
  ): Promise<{ readonly path: ByteString; readonly inode: ImageDirectory }> {
    const bytes = bytesOf(path)
    const found = await findPath(context, bytes, false)
    if (found?.inode.type === InodeType.DIRECTORY) return { path: found.path, inode: found.inode }
    throw context.fail(`there is no directory ${toDisplay(bytes)} in it`, 'NOT_IN_IMAGE')
  }

  function checkedFile(file: ImageFile, method: string): ImageFile {
    if (file?.type === InodeType.FILE) return file
    throw wrongArgument(method, 'a file')
  }

  function bytesOf(path: string | Uint8Array): ByteString {
    if (typeof path === 'string' || path instanceof Uint8Array) return toByteString(path)
    throw context.fail(`a path is text or bytes, not ${typeof path}`, 'WRONG_ARGUMENT')
  }

  function wrongArgument(method: string, what: string): ImageError {
    return context.fail(`${method} takes ${what} of this image, as find gives it`, 'WRONG_ARGUMENT')
  }

  return {
    superblock,
    async compressorOptions() {
      if ((superblock.flags & SuperblockFlag.COMPRESSOR_OPTIONS) === 0) return null
      const { content } = await context.cache.at(SUPERBLOCK_SIZE, superblock.inodeTable)
      return content.slice()
    },
    async find(path, { followSymlinks = false } = {}) {
      return (await findPath(context, bytesOf(path), followSymlinks))?.inode ?? null
    },
    resolve: async (path) => await findPath(context, bytesOf(path), true),
    async list(directory) {
      if (directory?.type !== InodeType.DIRECTORY) throw wrongArgument('list', 'a directory')
      return await namesIn(context, directory)
    },
    async *walk(path = '') {
      const start = await directoryAt(path)
      yield* walk(context, start.path, start.inode)
    },
    async columns(path, { recursive }, takeColumns) {
      const start = await directoryAt(path)
      await runSteps(walkColumns(context, start.path, start.inode, recursive, takeColumns))
    },
    async *entries(path = '') {
      const start = await directoryAt(path)
      yield* entriesBelow(context, contents, xattrs, start.path, start.inode)
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
    at: (reference) => inodeAt(context, decodeMetadataReference(reference)),
    async verify({ signal } = {}) {
      // Loaded on demand: most callers do not verify.
      const { verify } = await import('./verify.js')
      return await verify(context, contents, blocks, xattrs, signal)
    },
  }
}

/** The target of a symlink, with one character for each byte. */
export function targetOf(symlink: { readonly target: Uint8Array }): ByteString {
  return fromBytes(symlink.target)
}
