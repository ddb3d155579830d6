/** Spool: streams of unknown length, kept in one temporary file without a name until their turn comes. */
import { randomBytes } from 'node:crypto'
import { type FileHandle, open, unlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DestinationError } from '../errors.js'
import type { FileRange } from '../tree/node.js'

export interface Spool {
  /** Reads a stream to its end; returns where its bytes are now. */
  keep(stream: AsyncIterable<Uint8Array>): Promise<{ readonly content: FileRange; readonly size: number }>
  close(): Promise<void>
}

export function createSpool(): Spool {
  let file: FileHandle | null = null
  let end = 0

  async function openFile(): Promise<FileHandle> {
    const path = join(tmpdir(), `squashfs-writer-${randomBytes(8).toString('hex')}`)
    try {
      const handle = await open(path, 'wx+', 0o600)
      await unlink(path) // it vanishes with the process, however that ends
      return handle
    } catch (error) {
      throw new DestinationError(
        path,
        'no temporary file could be made for a stream; set TMPDIR to a place with room',
        error,
      )
    }
  }

  return {
    async keep(stream) {
      file ??= await openFile()
      const start = end
      for await (const chunk of stream) {
        for (let at = 0; at < chunk.length; ) {
          const { bytesWritten } = await file.write(chunk, at, chunk.length - at, end)
          at += bytesWritten
          end += bytesWritten
        }
      }
      return { content: { kind: 'range', descriptor: file.fd, start }, size: end - start }
    },
    async close() {
      await file?.close()
    },
  }
}
