/**
 * Lease: counts the users of a buffer that is reused, so that its bytes do not change while they are needed. Each block or tail
 * in the buffer acquires the lease, and releases it when its bytes are written.
 */
import type { Batch } from './content-reader.js'

export interface Lease {
  acquire(): void
  release(): void
}

/** The lease of bytes that are not in a reused buffer. */
export const UNSHARED: Lease = { acquire: () => {}, release: () => {} }

/** Creates the lease of a batch, acquired once for the caller. The last release returns the batch to its reader. */
export function leaseOf(batch: Batch): Lease {
  let holders = 1
  return {
    acquire: () => {
      holders++
    },
    release: () => {
      if (--holders === 0) batch.release()
    },
  }
}
