/**
 * Lease: how a buffer that is read into again and again is kept unchanged for as long as somebody needs its bytes. A block or a
 * tail that lies in it acquires the lease, and releases it once its bytes are written.
 */
import type { Batch } from './content-reader.js'

export interface Lease {
  acquire(): void
  release(): void
}

/** The lease of bytes that are in no shared buffer. */
export const UNSHARED: Lease = { acquire: () => {}, release: () => {} }

/** The lease of a batch, acquired once by its caller: after the last release the batch goes back to its reader. */
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
