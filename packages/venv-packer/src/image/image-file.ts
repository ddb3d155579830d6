/** Looks at an image as a file: its size, time and identity. */
import { constants } from 'node:fs'
import { lstat, open } from 'node:fs/promises'
import { decodeSuperblock, SUPERBLOCK_SIZE, type Superblock } from 'squashfs-writer/format'
import { systemErrorCode } from '../system-errors.js'

export interface ImageFile {
  readonly path: string
  readonly bytes: number
  /** The mtime of the file. */
  readonly written: Date
  /** Device and inode number: the same for all hard links of a file. */
  readonly identity: string
}

/** The image at a path. Undefined unless it is a readable regular file that contains a complete squashfs image. */
export async function imageFileAt(path: string): Promise<ImageFile | undefined> {
  try {
    const found = await lstat(path, { bigint: true })
    const superblock = found.isFile() ? await superblockOf(path) : null
    if (superblock === null || found.size < superblock.bytesUsed) return undefined
    const identity = `${found.dev}:${found.ino}`
    return { path, bytes: Number(found.size), written: found.mtime, identity }
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error
    return undefined
  }
}

/** The identity of any file; undefined if there is none. Uses bigints, because inode numbers of Lustre have 64 bits. */
export async function identityAt(path: string): Promise<string | undefined> {
  try {
    const { dev, ino } = await lstat(path, { bigint: true })
    return `${dev}:${ino}`
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return undefined
    throw error
  }
}

async function superblockOf(path: string): Promise<Superblock | null> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(SUPERBLOCK_SIZE), 0, SUPERBLOCK_SIZE, 0)
    return decodeSuperblock(buffer.subarray(0, bytesRead))
  } finally {
    await file.close()
  }
}
