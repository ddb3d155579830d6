/** Reads the output of `compile-modules.py`: lines, and byte strings whose lengths a line has announced. */
import type { Readable } from 'node:stream'

export interface FrameReader {
  /** The next line, without its newline. Undefined if the stream ends first. */
  line(): Promise<string | undefined>
  /** The next bytes. Undefined if the stream ends first. */
  bytes(count: number): Promise<Buffer | undefined>
}

const NEWLINE = 0x0a

export function readFrames(stream: Readable): FrameReader {
  const chunks: AsyncIterator<Buffer> = stream[Symbol.asyncIterator]()
  let unread: Buffer = Buffer.alloc(0)

  async function readMore(): Promise<boolean> {
    const { value, done } = await chunks.next()
    if (done) return false
    unread = Buffer.concat([unread, value])
    return true
  }

  function take(count: number): Buffer {
    const taken = unread.subarray(0, count)
    unread = unread.subarray(count)
    return taken
  }

  return {
    async line() {
      let end = unread.indexOf(NEWLINE)
      while (end < 0) {
        const searched = unread.length
        if (!(await readMore())) return undefined
        end = unread.indexOf(NEWLINE, searched)
      }
      return take(end + 1).toString('utf8', 0, end)
    },
    async bytes(count) {
      while (unread.length < count) if (!(await readMore())) return undefined
      return take(count)
    },
  }
}
