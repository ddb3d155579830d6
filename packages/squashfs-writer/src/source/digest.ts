/** Digest: a text that is equal only for equal contents. */
import { createHash, hash } from 'node:crypto'

/** The hash for finding duplicates: they are shared without comparing bytes, so it must not be one that can be fooled. */
const HASH = 'sha256'
/** Bytes in a part of a large content. */
export const PART_SIZE = 1_048_576

const zeros = Buffer.alloc(PART_SIZE)

/** The digest of a content of at most {@link PART_SIZE} bytes. */
export function digestOf(bytes: Uint8Array): string {
  return hash(HASH, bytes, 'binary')
}

/** The digest of a larger content, part by part; parts that are all zeros count by not being there, so holes need no reading. */
export interface LargeDigest {
  /** Takes the part at `position`, a multiple of {@link PART_SIZE}. */
  add(part: Uint8Array, position: number): void
  result(): string
}

/** @param size bytes of the whole content. */
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
