/** Opens an image file for reading: `squashfs-writer/read`. */
import { type FileHandle, open } from 'node:fs/promises'
import { type ImageReader, readImage } from '../read/image-reader.js'

export { ImageError } from '../errors.js'
export { type FileInode, type Inode, InodeType, type SymlinkInode } from '../format/inode.js'
export { type ImageReader, readImage } from '../read/image-reader.js'
export type { ImageSource } from '../read/source.js'

export interface OpenImage extends ImageReader {
  close(): Promise<void>
}

/**
 * Opens an image that is compressed with zstd or gzip, or not at all.
 * @throws ImageError when it is none, is damaged, or compressed in another way; the system's error when it cannot be read.
 * @example
 * const image = await openImage('venv.squashfs')
 * const config = await image.find('pyvenv.cfg')
 * if (config?.type === InodeType.FILE) console.log(new TextDecoder().decode(await image.read(config)))
 * await image.close()
 */
export async function openImage(path: string): Promise<OpenImage> {
  const file = await open(path)
  try {
    const reader = await readImage({ read: (position, length) => readAt(file, position, length) })
    return { ...reader, close: () => file.close() }
  } catch (error) {
    await file.close()
    throw error
  }
}

async function readAt(file: FileHandle, position: number, length: number): Promise<Uint8Array> {
  const buffer = new Uint8Array(length)
  let filled = 0
  while (filled < length) {
    const { bytesRead } = await file.read(buffer, filled, length - filled, position + filled)
    if (bytesRead === 0) break
    filled += bytesRead
  }
  return buffer.subarray(0, filled)
}
