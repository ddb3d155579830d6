import {
  type Entry,
  memorySink,
  packDirectory,
  type StoredFile,
  uncompressed,
  writeImage,
} from 'squashfs-writer'
import { describe, expect, it } from 'vitest'

const BLOCK = 4096

/** Bytes that do not compress. */
const noise = (length: number, seed = 1) =>
  Uint8Array.from({ length }, (_, n) => ((Math.imul(n + seed, 0x9e37_79b1) >>> 11) % 255) + 1)

const file = (path: string, content: string | Uint8Array): Entry => ({ type: 'file', path, content })

/** The reported bytes of each file, by path, and the number of bytes between superblock and inode table. */
async function stored(entries: readonly Entry[], options: Parameters<typeof writeImage>[2] = {}) {
  const sink = memorySink()
  const reported: StoredFile[] = []
  await writeImage(entries, sink, { blockSize: BLOCK, ...options, onStored: (one) => reported.push(one) })
  const image = Buffer.from(sink.bytes())
  const [superblock, inodeTableAt] = [96, 64]
  // Compressor options are in a metadata block after the superblock.
  const begin =
    superblock + (image.readUInt16LE(24) & 0x400 ? 2 + (image.readUInt16LE(superblock) & 0x7fff) : 0)
  const paths = reported.map(({ path }) => Buffer.from(path, 'latin1').toString())
  return {
    of: Object.fromEntries(reported.map(({ storedBytes }, n) => [paths[n], storedBytes])),
    sizes: Object.fromEntries(reported.map(({ bytes }, n) => [paths[n], bytes])),
    dataBytes: Number(image.readBigUInt64LE(inodeTableAt)) - begin,
  }
}

const sum = (numbers: Readonly<Record<string, number>>) => Object.values(numbers).reduce((a, b) => a + b, 0)

describe('the bytes that a file takes in the image', () => {
  it('are those of its blocks, and its share of a fragment block', async () => {
    const entries = [
      file('blocks', noise(3 * BLOCK)),
      file('half/a', noise(1000, 2)),
      file('half/b', noise(3000, 3)),
      file('empty', ''),
    ]
    const { of, sizes } = await stored(entries, { codec: uncompressed() })
    expect(of).toEqual({ blocks: 3 * BLOCK, 'half/a': 1000, 'half/b': 3000, empty: 0 })
    expect(sizes).toEqual(of)
  })

  it('are 0 for a duplicate, another name, and a hole', async () => {
    const { of } = await stored(
      [
        file('a', noise(2 * BLOCK)),
        file('b', noise(2 * BLOCK)),
        { type: 'hardlink', path: 'c', target: 'a' },
        file('hole', new Uint8Array(5 * BLOCK)),
        file('tail', noise(10, 5)),
        file('tail again', noise(10, 5)),
      ],
      { codec: uncompressed() },
    )
    expect(of).toEqual({ a: 2 * BLOCK, b: 0, hole: 0, tail: 10, 'tail again': 0 })
  })

  it.each(['small-files', 'always', 'never'] as const)(
    'add up to the size of all contents, with fragments "%s"',
    async (fragments) => {
      const entries = Array.from({ length: 300 }, (_, n) =>
        file(`${n % 7}/${n}`, n % 3 === 0 ? 'text '.repeat(n) : noise((n * 577) % 20_000, n % 50)),
      )
      const { of, dataBytes } = await stored(entries, { fragments })
      expect(Object.keys(of)).toHaveLength(300)
      expect(sum(of)).toBe(dataBytes)
    },
  )

  it('are reported with the path as bytes, for a directory, too', async () => {
    const reported: StoredFile[] = []
    const directory = new URL('../src/tree', import.meta.url).pathname
    await packDirectory(directory, memorySink(), {
      include: ['order.ts'],
      onStored: (one) => reported.push(one),
    })
    expect(reported.map(({ path }) => path)).toEqual(['order.ts'])
    expect(reported[0]!.storedBytes).toBeLessThan(reported[0]!.bytes)
    const name = Uint8Array.of(0xff, 0x0a)
    await writeImage([{ type: 'file', path: name, content: 'x' }], memorySink(), {
      onStored: (one) => reported.push(one),
    })
    expect(reported[1]!.path).toBe('\xff\n')
  })
})
