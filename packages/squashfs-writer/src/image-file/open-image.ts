/** Open image: opens an image file for reading. This is `squashfs-writer/read`. */
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'
import { ImageError } from '../errors.js'
import { type ImageReader, readImage } from '../reader/image.js'
import type { ImageSource } from '../reader/source.js'
import { toByteString, toDisplay } from '../tree/byte-string.js'
import { attempt, descriptorSource } from './descriptor-source.js'
import type { ExtractOptions, ExtractResult } from './extract.js'

export { ExtractError, ImageError, type ImageErrorCode } from '../errors.js'
export { decodeDeviceNumber } from '../format/device-number.js'
export { InodeType, TYPE_NAMES } from '../format/inode.js'
export { type DirectoryColumns, nameAt } from '../reader/directory-columns.js'
export type { ImageName } from '../reader/directory-reader.js'
export type { ImageEntry } from '../reader/entries.js'
export type { FilePiece, FileStorage } from '../reader/file-content.js'
export { type ImageReader, readImage, targetOf } from '../reader/image.js'
export type {
  ImageDirectory,
  ImageFile,
  ImageInode,
  ImageInode as Inode,
  ImageSymlink,
} from '../reader/inode-reader.js'
export type { ImageSource } from '../reader/source.js'
export type { Problem, Verification } from '../reader/verify.js'
export type { ColumnsOfDirectory, TakeColumns, WalkedDirectory } from '../reader/walk.js'

export type { ExtractOptions, ExtractResult } from './extract.js'

export interface OpenImage extends ImageReader {
  /** Size of the file in bytes, including padding. */
  readonly size: number
  /** The descriptor of the file; null for a source. */
  readonly descriptor: number | null
  close(): Promise<void>
}

/**
 * Opens an image that is compressed with zstd or gzip, or not at all.
 * @param image the path of a file, or a source that reads an image from elsewhere.
 * @throws ImageError if the file does not exist or cannot be read, is not an image, is truncated or damaged, or has another
 * compressor.
 * @example
 * const image = await openImage('venv.squashfs')
 * const config = await image.find('pyvenv.cfg')
 * if (config?.type === InodeType.FILE) console.log(new TextDecoder().decode(await image.read(config)))
 * await image.close()
 */
export async function openImage(image: string | Uint8Array | ImageSource): Promise<OpenImage> {
  if (typeof image !== 'string' && !(image instanceof Uint8Array)) {
    if (typeof image?.read !== 'function' || !Number.isSafeInteger(image.size) || image.size < 0)
      throw new ImageError('WRONG_ARGUMENT', 'openImage takes a path, or a source with a size and read')
    return { ...(await readImage(image)), size: image.size, descriptor: null, close: async () => {} }
  }
  if (typeof image === 'string' ? image.includes('\0') : image.includes(0))
    throw new ImageError(
      'WRONG_ARGUMENT',
      'a path has no NUL; for an image in memory give a source: { size, read(position, length) }',
    )
  const file = openFile(image)
  try {
    const reader = await readImage(file.source)
    return { ...reader, size: file.source.size, descriptor: file.descriptor, close: async () => file.close() }
  } catch (error) {
    file.close()
    throw error
  }
}

/**
 * Extracts an image, or some paths of it, into a directory, which is created if it does not exist.
 * @param image an open image.
 * @param directory a directory, or a symlink to one. An existing directory keeps its mode, owner, time and xattrs.
 * @throws ExtractError if a file exists or cannot be written; ImageError if the image is damaged or does not have a path; the
 * reason of the signal if aborted.
 * @example
 * const image = await openImage('venv.squashfs')
 * await extractImage(image, 'venv')
 */
export async function extractImage(
  image: OpenImage,
  directory: string | Uint8Array,
  options: ExtractOptions = {},
): Promise<ExtractResult> {
  // Loaded on demand: most callers do not extract.
  const { extractTree } = await import('./extract.js')
  return await extractTree(image, directory, options)
}

interface OpenFile {
  readonly source: ImageSource
  readonly descriptor: number
  close(): void
}

/** Opens a file as a source. */
function openFile(path: string | Uint8Array): OpenFile {
  const name = toDisplay(toByteString(path))
  const where = typeof path === 'string' ? path : Buffer.from(path)
  const descriptor = attempt(name, () => openSync(where, constants.O_RDONLY | constants.O_NONBLOCK))
  let open = true
  const close = () => {
    if (open) closeSync(descriptor)
    open = false
  }
  try {
    const status = attempt(name, () => fstatSync(descriptor))
    if (status.isDirectory())
      throw new ImageError('NOT_AN_IMAGE', 'it is a directory, and an image is a file', { path: name })
    const size = status.isFile() ? status.size : sizeOfDevice(name, descriptor)
    return {
      source: descriptorSource(name, descriptor, size),
      descriptor,
      close,
    }
  } catch (error) {
    close()
    throw error
  }
}

/** The size of a block device, which can contain an image, but has no size in `stat`: a binary search for the last readable byte. */
function sizeOfDevice(name: string, descriptor: number): number {
  const byte = Buffer.alloc(1)
  const readable = (position: number) => attempt(name, () => readSync(descriptor, byte, 0, 1, position)) === 1
  if (!readable(0)) return 0
  let [low, high] = [1, 2]
  while (high < 2 ** 52 && readable(high - 1)) [low, high] = [high, high * 2]
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2)
    if (readable(middle - 1)) low = middle
    else high = middle
  }
  return low
}
