/** Spool: saves streams of unknown length in one unlinked temporary file until they are packed. */
import { randomBytes } from 'node:crypto'
import { type FileHandle, open, unlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { TemporaryFileError } from '../errors.js'
import type { FileRange } from '../tree/node.js'

export interface Spool {
  /** Reads a stream to its end, and returns the range of its bytes in the temporary file. */
  keep(stream: AsyncIterable<Uint8Array>): Promise<{ readonly content: FileRange; readonly size: number }>
  close(): Promise<void>
}

export function createSpool(): Spool {
  const path = join(tmpdir(), `squashfs-writer-${randomBytes(8).toString('hex')}`)
  /** The open file; null before the first stream. */
  let file: Promise<FileHandle> | null = null
  let end = 0

  async function openFile(): Promise<FileHandle> {
    try {
      const handle = await open(path, 'wx+', 0o600)
      await unlink(path) // the kernel frees it when the process ends, even if killed
      return handle
    } catch (error) {
      throw new TemporaryFileError(path, error)
    }
  }

  async function append(handle: FileHandle, chunk: Uint8Array): Promise<void> {
    try {
      for (let at = 0; at < chunk.length; ) {
        const { bytesWritten } = await handle.write(chunk, at, chunk.length - at, end)
        at += bytesWritten
        end += bytesWritten
      }
    } catch (error) {
      throw new TemporaryFileError(path, error)
    }
  }

  return {
    async keep(stream) {
      file ??= openFile()
      const handle = await file
      const start = end
      for await (const chunk of stream) await append(handle, chunk)
      return { content: { kind: 'range', descriptor: handle.fd, start }, size: end - start }
    },
    async close() {
      const handle = await file?.catch(() => null) // the error was already reported
      await handle?.close()
    },
  }
}
