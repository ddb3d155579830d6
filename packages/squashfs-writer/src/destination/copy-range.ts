/**
 * Copy range: copies bytes from one file to another, in the kernel if possible. A filesystem with shared extents need not copy
 * any data.
 */
import { readSync } from 'node:fs'
import type { FileHandle } from 'node:fs/promises'

/** A range of an open file, and its position in the destination. */
export interface RangeToCopy {
  readonly descriptor: number
  readonly from: number
  readonly length: number
  readonly position: number
}

/** Copies a whole range. @throws the system error, or an error if the source file ends before the range. */
export type CopyRange = (range: RangeToCopy, file: FileHandle) => Promise<void>

/** Bytes that are read and written at a time, if the kernel does not copy. */
const PIECE = 1_048_576

/** Loads `copy_file_range` of Linux. Some filesystems, and some pairs of filesystems, do not support it. */
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
      // The reason for the failure is not known here. If reading and writing fail, too, their error has it.
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
