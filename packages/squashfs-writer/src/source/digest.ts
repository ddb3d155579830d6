/** Digest: computes digests of contents, which are equal only for equal contents. */
import { createHash, hash } from 'node:crypto'

/** The hash function for duplicates. It must resist collisions, since contents of equal digest are shared without a comparison. */
const HASH = 'sha256'
/** Size of the parts in which a large content is digested. */
export const PART_SIZE = 1_048_576

const zeros = Buffer.alloc(PART_SIZE)

/** The digest of a content of at most {@link PART_SIZE} bytes. */
export function digestOf(bytes: Uint8Array): string {
  return hash(HASH, bytes, 'binary')
}

/** The digest of a larger content, part by part. Parts of zeros are left out, so holes need not be read. */
export interface LargeDigest {
  /** Adds the part at `position`, a multiple of {@link PART_SIZE}. */
  add(part: Uint8Array, position: number): void
  result(): string
}

/** @param size of the whole content, in bytes. */
export function createLargeDigest(size: number): LargeDigest {
  const sum = createHash(HASH)
  const place = Buffer.alloc(8)
  return {
    add(part, position) {
      if (zeros.compare(part, 0, part.length, 0, part.length) === 0) return
      place.writeDoubleLE(position)
      sum.update(place).update(part)
    },
    result() {
      place.writeDoubleLE(size)
      return sum.update(place).digest('binary')
    },
  }
}
