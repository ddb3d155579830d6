/**
 * Reads the first fields of an image's superblock, to check that all contenders used the same settings and packed the
 * same tree. An image with another block size, or with missing inodes, cannot be compared.
 */

import { open } from 'node:fs/promises'
import type { Compression, Settings } from './packers/packer.js'

const MAGIC = 0x73717368
const HEAD_SIZE = 24
const COMPRESSOR_IDS: Readonly<Record<Compression, number>> = { gzip: 1, zstd: 6 }

export interface ImageHead {
  readonly inodes: number
  readonly blockSize: number
  readonly compressor: number
}

/** @throws Error if the file is not a squashfs image. */
export async function readImageHead(image: string): Promise<ImageHead> {
  const bytes = new Uint8Array(HEAD_SIZE)
  const file = await open(image)
  try {
    await file.read(bytes, 0, HEAD_SIZE, 0)
  } finally {
    await file.close()
  }
  const view = new DataView(bytes.buffer)
  if (view.getUint32(0, true) !== MAGIC) throw new Error('What was written is not a squashfs image')
  return {
    inodes: view.getUint32(4, true),
    blockSize: view.getUint32(12, true),
    compressor: view.getUint16(20, true),
  }
}

/** Returns how the image differs from what was requested; undefined if it does not. */
export function imageFault(
  head: ImageHead,
  settings: Settings,
  inodes: number | undefined,
): string | undefined {
  if (head.compressor !== COMPRESSOR_IDS[settings.compression]) {
    return `compressor ${head.compressor} instead of ${settings.compression}`
  }
  if (head.blockSize !== settings.blockSize) {
    return `blocks of ${head.blockSize} bytes instead of ${settings.blockSize}`
  }
  if (inodes !== undefined && head.inodes !== inodes) return `${head.inodes} inodes instead of ${inodes}`
  return undefined
}
