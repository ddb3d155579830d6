/**
 * Copy range: copies bytes of one file to another, inside the kernel where it can. On a filesystem whose files can share
 * extents no byte is copied at all.
 */
import { readSync } from 'node:fs'
import type { FileHandle } from 'node:fs/promises'

/** Bytes of an open file, and where they go. */
export interface RangeToCopy {
  readonly descriptor: number
  readonly from: number
  readonly length: number
  readonly position: number
}

/** Copies a whole range. @throws the system's error, and one where the file to be read ends before. */
export type CopyRange = (range: RangeToCopy, file: FileHandle) => Promise<void>

/** Bytes that are read and written at a time where the system does not copy. */
const PIECE = 1_048_576

/** Linux has a call for it, which some filesystems, and some pairs of filesystems, do not support. */
export async function loadCopyRange(): Promise<CopyRange> {
  if (process.platform !== 'linux') return copyByPieces
  const { default: koffi } = await import('koffi')
  const call = koffi
    .load(null)
    .func(
      'int64_t copy_file_range(int from, _Inout_ int64_t *at, int to, _Inout_ int64_t *position, size_t length, unsigned int flags)',
    )
  return async (range, file) => {
    let left = range
    while (left.length > 0) {
      const { descriptor, from, position, length } = left
      const copied = await new Promise<number>((resolve, reject) =>
        call.async(
          ...[descriptor, [from], file.fd, [position], length, 0],
          (error: unknown, copied: number | bigint) => (error ? reject(error) : resolve(Number(copied))),
        ),
      )
      // The reason for the refusal is not known here. If reading and writing fail, too, their error tells it.
      if (copied <= 0) return await copyByPieces(left, file)
      left = { descriptor, from: from + copied, position: position + copied, length: length - copied }
    }
  }
}

async function copyByPieces(range: RangeToCopy, file: FileHandle): Promise<void> {
  const { descriptor, from, position, length } = range
  const piece = new Uint8Array(Math.min(PIECE, length))
  for (let done = 0; done < length; ) {
    const n = readSync(descriptor, piece, 0, Math.min(PIECE, length - done), from + done)
    if (n === 0) throw new Error('the base was cut off while it was copied')
    for (let at = 0; at < n; ) {
      const { bytesWritten } = await file.write(piece, at, n - at, position + done + at)
      at += bytesWritten
    }
    done += n
  }
}
