/** Tests Node's own zstd on the first version of Node that has it and on later ones, whichever version runs the tests. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { decompress } from '@mongodb-js/zstd'
import { NODE_VERSIONS, nodeBinary, readZstdFrame, run, withDirectory } from 'fixtures'
import { expect, it } from 'vitest'

const SIZES = [
  1, 255, 256, 257, 4095, 4096, 4097, 8192, 65_791, 65_792, 131_071, 131_072, 131_073, 1_048_575, 1_048_576,
]

interface Answer {
  readonly encoder: { readonly name: string; readonly version: string }
  readonly zstd: string
  /** For all codecs together. */
  readonly publicCalls: number
  /** The frames of each content by level, in base64. One is from {@link zstd}'s codec. */
  readonly frames: readonly {
    readonly level: number
    readonly n: number
    readonly own: string
    readonly isPublic: boolean
  }[]
}

/** Compresses contents and compares each frame with that of the public call. */
const SCRIPT = `
import { syncBuiltinESMExports } from 'node:module'
import zlib from 'node:zlib'
const { constants, zstdCompressSync } = zlib
let publicCalls = 0
zlib.zstdCompressSync = (...args) => {
  publicCalls++
  return zstdCompressSync(...args)
}
syncBuiltinESMExports()
const { zstd } = await import(process.argv[2])
const frames = []
for (const level of [1, 3, 5, 9, 19]) {
  const codec = zstd({ level, encoder: 'node' })
  codec.compress(Buffer.alloc(10)) // of which no frame tells the level
  for (const [n, size] of JSON.parse(process.argv[3]).entries()) {
    if (level > 3 && size > 131_073) continue
    const bytes = Buffer.alloc(size, 'a line of text number ' + n + '\\n')
    for (let at = 0; at < size; at += 97) bytes[at] = (at * 7919) >>> 4
    const own = Buffer.from(codec.compress(bytes))
    const isPublic = zstdCompressSync(bytes, {
      params: { [constants.ZSTD_c_compressionLevel]: level },
      chunkSize: size + (size >> 8) + 128,
    }).equals(own)
    frames.push({ level, n, own: own.toString('base64'), isPublic })
  }
}
console.log(JSON.stringify({ encoder: zstd().encoder, zstd: process.versions.zstd, publicCalls, frames }))
`

it.each(NODE_VERSIONS.filter((version) => Number.parseInt(version, 10) >= 22))(
  'Node %s makes the frames of its public call, each of which tells its size and wants no more window than it needs',
  async (version) => {
    const answer = await withDirectory(async (directory): Promise<Answer> => {
      const script = join(directory, 'frames.mjs')
      writeFileSync(script, SCRIPT)
      const writer = import.meta.resolve('squashfs-writer')
      const { stdout } = await run(await nodeBinary(version), [script, writer, JSON.stringify(SIZES)])
      return JSON.parse(stdout.toString())
    })
    expect(answer.encoder).toEqual({ name: 'node', version: answer.zstd })
    expect(answer.frames.length).toBe(69)
    // Once for each level, to check that one compressor for all blocks gives the same bytes.
    expect(answer.publicCalls).toBe(5)
    for (const { level, n, own, isPublic } of answer.frames) {
      const [frame, size] = [Buffer.from(own, 'base64'), SIZES[n]!]
      const { window, contentSize, blocks, end } = readZstdFrame(frame)
      const which = `level ${level}, ${size} bytes`
      expect(isPublic, which).toBe(true)
      expect(contentSize, which).toBe(size)
      expect(window, which).toBeLessThanOrEqual(Math.max(1024, 2 ** Math.ceil(Math.log2(size))))
      expect(blocks.at(-1), which).toBeGreaterThan(0)
      expect(end, which).toBe(frame.length)
      expect((await decompress(frame)).length, which).toBe(size)
    }
  },
)
