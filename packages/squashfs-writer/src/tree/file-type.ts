/** File type: the type bits of a mode as in stat(2). */
import { InodeType } from '../format/inode.js'

/** The bits of each type; the same numbers on every Unix (inode(7)). */
export const FILE_TYPE_BITS: Readonly<Record<InodeType, number>> = {
  [InodeType.FIFO]: 0o010000,
  [InodeType.CHARACTER_DEVICE]: 0o020000,
  [InodeType.DIRECTORY]: 0o040000,
  [InodeType.BLOCK_DEVICE]: 0o060000,
  [InodeType.FILE]: 0o100000,
  [InodeType.SYMLINK]: 0o120000,
  [InodeType.SOCKET]: 0o140000,
}

const FILE_TYPE_MASK = 0o170000

const TYPES: ReadonlyMap<number, InodeType> = new Map(
  Object.values(InodeType).map((type) => [FILE_TYPE_BITS[type], type]),
)

/**
 * The inode type of a mode.
 * @param mode as in stat(2), with permission bits.
 * @returns null for a type that squashfs does not have.
 */
export function typeOfMode(mode: number): InodeType | null {
  return TYPES.get(mode & FILE_TYPE_MASK) ?? null
}
