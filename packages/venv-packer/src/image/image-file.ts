/** A squashfs image as a file: its size, its time and its identity, without mounting it. */
import { constants } from 'node:fs'
import { lstat, open } from 'node:fs/promises'
import { decodeSuperblock, SUPERBLOCK_SIZE, type Superblock } from 'squashfs-writer/format'
import { systemErrorCode } from '../system-errors.js'

export interface ImageFile {
  readonly path: string
  readonly bytes: number
  /** When it was packed. */
  readonly written: Date
  /** The same for all names of one file. */
  readonly identity: string
}

/** Undefined for all but a regular file that can be read and has a whole squashfs image in it. */
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

/** Of whatever lies there, image or not; undefined for nothing. Whole, since inode numbers of Lustre have 64 bits. */
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
