import { closeSync, mkdirSync, openSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { withDirectory } from 'fixtures'
import { describe, expect, it } from 'vitest'
import type { BlockEncoder } from '../../image/encode-block.js'
import { asBytePath } from '../../tree/byte-string.js'
import { loadSourceCalls, type SourceCalls, splitPath } from '../filesystem.js'
import { createCallTimer } from './call-timer.js'
import { digestFile, examineFiles, extentsOf, type FileTools } from './file-jobs.js'
import { createOpenFiles } from './open-files.js'
import { BUFFER_SIZE, type Examine, JOB_BUFFER_SIZE, noRanges, RangeFlag, type Ranges } from './protocol.js'
import { readRanges } from './read-ranges.js'

const BLOCK = 4096

/** Marks each block with its length and first byte, so that it shows what was encoded. */
const marking: BlockEncoder = (bytes) => ({
  data: Uint8Array.of(0xee, bytes[0]!, bytes.length >> 8),
  sizeWord: 3,
})

interface Tree {
  readonly tools: FileTools
  readonly ranges: Ranges
  /** Adds a range of a file. If a content is given, it is written first. */
  add(
    name: string,
    content: Uint8Array | null,
    numbers: readonly [
      start: number,
      length: number,
      at: number,
      inBlocks: number,
      flags?: number,
      tailBlock?: number,
    ],
  ): void
}

async function withTree(
  use: (tree: Tree, directory: string) => Promise<void>,
  changes: Partial<FileTools> = {},
  calls: (source: SourceCalls) => SourceCalls = (source) => source,
): Promise<void> {
  await withDirectory(async (scratch) => {
    const directory = join(scratch, 'source')
    mkdirSync(directory)
    const own = await loadSourceCalls()
    const source = calls(own)
    const files = createOpenFiles(source, createCallTimer())
    const ranges = noRanges()
    const place = { path: directory, seen: null }
    const tools: FileTools = {
      source,
      files,
      encode: marking,
      reuseOrEncode: (bytes, uncompressed) => marking(bytes, uncompressed),
      blockSize: BLOCK,
      uncompressedData: false,
      uncompressedTails: false,
      scratch: new Uint8Array(BLOCK),
      examine: null,
      pathOf: ({ name }) => asBytePath(name),
      ...changes,
    }
    const sizes = new Map<string, number>()
    try {
      await use(
        {
          tools,
          ranges,
          add(name, content, [start, length, at, inBlocks, flags = 0, tailBlock = -1]) {
            if (content) {
              writeFileSync(join(directory, name), content)
              sizes.set(name, content.length)
            }
            const { directory: above, name: last } = splitPath(join(directory, name))
            const entered = own.enter(above, true)
            try {
              ranges.seen.push(content || sizes.has(name) ? entered.status(last).identity : 'never seen')
            } finally {
              entered.close()
            }
            ranges.directories.push(place)
            ranges.names.push(name)
            ranges.numbers.push(sizes.get(name) ?? length, start, length, at, inBlocks, flags, tailBlock)
          },
        },
        directory,
      )
    } finally {
      files.close()
    }
  })
}

const bytes = (length: number, value: number) => new Uint8Array(length).fill(value)

describe('ranges', () => {
  it('are read into the buffer, followed by their encoded blocks', async () => {
    await withTree(async ({ tools, ranges, add }) => {
      add('blocks and a tail', bytes(2 * BLOCK + 10, 1), [0, 2 * BLOCK + 10, 0, 2 * BLOCK])
      add('tail', bytes(20, 2), [0, 20, 2 * BLOCK + 10, 0])
      add('short block', bytes(300, 3), [0, 300, 4 * BLOCK, 300])
      const buffer = new SharedArrayBuffer(JOB_BUFFER_SIZE)
      const read = await readRanges({ ranges, buffer }, tools)
      expect(read).toEqual({
        failures: [],
        digests: [],
        xattrs: [],
        examined: [],
        sizeWords: [3, 3, 3],
        blocksAt: [0, 6, 6].map((at) => BUFFER_SIZE + at),
        tailBlocks: [],
        takenFromBase: 0,
      })
      const at = (start: number, length: number) => [...new Uint8Array(buffer, start, length)]
      expect(at(BUFFER_SIZE, 9)).toEqual([0xee, 1, BLOCK >> 8, 0xee, 1, BLOCK >> 8, 0xee, 3, 1])
      expect(at(0, 2 * BLOCK + 30)).toEqual([...bytes(2 * BLOCK + 10, 1), ...bytes(20, 2)])
    })
  })

  it('have a hole for a block of zeros, which is not encoded', async () => {
    const encoded: number[] = []
    const encode: BlockEncoder = (block, uncompressed) => {
      encoded.push(block.length)
      return marking(block, uncompressed)
    }
    await withTree(
      async ({ tools, ranges, add }) => {
        const content = bytes(4 * BLOCK, 0)
        content[0] = 1
        content[2 * BLOCK + 100] = 1
        content[4 * BLOCK - 1] = 1
        add('file', content, [0, content.length, 0, content.length])
        const { sizeWords } = await readRanges(
          { ranges, buffer: new SharedArrayBuffer(JOB_BUFFER_SIZE) },
          tools,
        )
        expect(sizeWords).toEqual([3, 0, 3, 3])
        expect(encoded).toEqual([BLOCK, BLOCK, BLOCK])
      },
      { encode },
    )
  })

  it('that cannot be read have a failure and empty size words, and the others are read', async () => {
    await withTree(async ({ tools, ranges, add }, directory) => {
      add('first', bytes(BLOCK, 1), [0, BLOCK, 0, BLOCK])
      add('shrunk', bytes(2 * BLOCK, 2), [0, 2 * BLOCK, BLOCK, 2 * BLOCK])
      add('last', bytes(BLOCK, 3), [0, BLOCK, 3 * BLOCK, BLOCK])
      writeFileSync(join(directory, 'shrunk'), '')
      const read = await readRanges({ ranges, buffer: new SharedArrayBuffer(JOB_BUFFER_SIZE) }, tools)
      expect(read.failures).toEqual([
        [1, { code: 'CHANGED', message: expect.stringContaining('it shrank from 8192 to 0 bytes') }],
      ])
      expect(read.sizeWords).toEqual([3, 0, 0, 3])
    })
  })

  it('with an asynchronous encoder are encoded one after another, and all are done at the end', async () => {
    let [now, most] = [0, 0]
    const encode: BlockEncoder = async (block, uncompressed) => {
      most = Math.max(most, ++now)
      await new Promise((resolve) => setTimeout(resolve, 2))
      now--
      return marking(block, uncompressed)
    }
    await withTree(
      async ({ tools, ranges, add }) => {
        for (let n = 0; n < 5; n++) add(`${n}`, bytes(BLOCK, n + 1), [0, BLOCK, n * BLOCK, BLOCK])
        const buffer = new SharedArrayBuffer(JOB_BUFFER_SIZE)
        const { sizeWords } = await readRanges({ ranges, buffer }, tools)
        expect([sizeWords, now, most]).toEqual([[3, 3, 3, 3, 3], 0, 1])
        const firsts = Array.from({ length: 5 }, (_, n) => new Uint8Array(buffer)[BUFFER_SIZE + n * 3 + 1])
        expect(firsts).toEqual([1, 2, 3, 4, 5])
      },
      { encode },
    )
  })

  it('that are consecutive and of one file open it once', async () => {
    let opened = 0
    await withTree(
      async ({ tools, ranges, add }) => {
        add('file', bytes(3 * BLOCK, 1), [0, BLOCK, 0, BLOCK])
        add('file', null, [BLOCK, BLOCK, BLOCK, BLOCK])
        add('file', null, [2 * BLOCK, BLOCK, 2 * BLOCK, BLOCK])
        opened = 0
        await readRanges({ ranges, buffer: new SharedArrayBuffer(JOB_BUFFER_SIZE) }, tools)
        expect(opened).toBe(1)
      },
      {},
      (source) => ({
        ...source,
        enter(path, follow) {
          const directory = source.enter(path, follow)
          const open = (name: string) => {
            opened++
            return directory.open(name)
          }
          return { ...directory, open }
        },
      }),
    )
  })

  it('are digested on request, with equal digests only for equal contents', async () => {
    await withTree(async ({ tools, ranges, add }) => {
      for (const [n, value] of [1, 1, 2].entries())
        add(`${n}`, bytes(100, value), [0, 100, 100 * n, 0, n < 3 ? RangeFlag.DIGEST : 0])
      const { digests } = await readRanges({ ranges, buffer: new SharedArrayBuffer(JOB_BUFFER_SIZE) }, tools)
      expect(digests.map(([n]) => n)).toEqual([0, 1, 2])
      const [one, same, other] = digests.map(([, digest]) => digest)
      expect(same).toBe(one)
      expect(other).not.toBe(one)
    })
  })

  it('may already be in the buffer, or belong to an open file', async () => {
    await withTree(async ({ tools, ranges, add }, directory) => {
      add('file', bytes(100, 5), [0, 100, 0, 0])
      const descriptor = openSync(join(directory, 'file'), 'r')
      try {
        const own: Ranges = {
          directories: [null, descriptor],
          names: ['', ''],
          seen: ['', ''],
          numbers: [BLOCK, 0, BLOCK, 0, BLOCK, 0, -1, 100, 90, 10, BLOCK, 0, 0, -1],
          candidates: [],
        }
        expect(ranges.names).toEqual(['file'])
        const buffer = new SharedArrayBuffer(JOB_BUFFER_SIZE)
        new Uint8Array(buffer, 0, BLOCK).fill(9)
        const read = await readRanges({ ranges: own, buffer }, tools)
        expect(read).toMatchObject({ failures: [], sizeWords: [3] })
        expect([...new Uint8Array(buffer, BUFFER_SIZE, 2)]).toEqual([0xee, 9])
        expect([...new Uint8Array(buffer, BLOCK, 11)]).toEqual([...bytes(10, 5), 0])
      } finally {
        closeSync(descriptor)
      }
    })
  })
})

describe('tails of a fragment block', () => {
  const encoded: number[][] = []
  /** Records the bytes of each block, and returns the first and the last. */
  const noting: BlockEncoder = (block, uncompressed) => {
    encoded.push([...block])
    return { data: Uint8Array.of(block[0]!, block.at(-1)!, Number(uncompressed)), sizeWord: 3 }
  }
  const tail = (at: number, block: number, flags = 0) => [0, 2, at, 0, flags, block] as const

  it('are encoded together after the last was read, even if a data block is between them', async () => {
    encoded.length = 0
    await withTree(
      async ({ tools, ranges, add }) => {
        add('a', bytes(2, 1), tail(0, 0))
        add('large', bytes(BLOCK, 9), [0, BLOCK, 2, BLOCK])
        add('b', bytes(2, 2), tail(BLOCK + 2, 0))
        add('c', bytes(2, 3), tail(BLOCK + 4, 1))
        add('not of a block', bytes(2, 4), tail(BLOCK + 6, -1))
        add('d', bytes(2, 5), tail(BLOCK + 8, 1))
        const buffer = new SharedArrayBuffer(JOB_BUFFER_SIZE)
        const { tailBlocks, blocksAt } = await readRanges({ ranges, buffer }, tools)
        expect(encoded.map((block) => block.slice(-4))).toEqual([
          [9, 9, 9, 9],
          [1, 1, 2, 2],
          [3, 3, 5, 5],
        ])
        expect(tailBlocks).toEqual([2, 3, BUFFER_SIZE + 3, 2, 3, BUFFER_SIZE + 6])
        expect(blocksAt[1]).toBe(BUFFER_SIZE)
        expect([...new Uint8Array(buffer, BUFFER_SIZE, 9)]).toEqual([9, 9, 0, 1, 2, 1, 3, 5, 1])
      },
      { encode: noting, uncompressedTails: true },
    )
  })

  it('exclude those of unreadable files and of duplicates', async () => {
    encoded.length = 0
    await withTree(
      async ({ tools, ranges, add }, directory) => {
        add('shrunk', bytes(2, 1), tail(0, 0, RangeFlag.DIGEST))
        add('a', bytes(2, 7), tail(2, 0, RangeFlag.DIGEST))
        add('again', bytes(2, 7), tail(4, 0, RangeFlag.DIGEST))
        add('not asked', bytes(2, 7), tail(6, 0))
        add('alone and again', bytes(2, 7), tail(8, 1, RangeFlag.DIGEST))
        writeFileSync(join(directory, 'shrunk'), '')
        const buffer = new SharedArrayBuffer(JOB_BUFFER_SIZE)
        const { tailBlocks } = await readRanges({ ranges, buffer }, tools)
        expect(encoded).toEqual([[7, 7, 7, 7]])
        expect(tailBlocks).toEqual([2, 3, BUFFER_SIZE, 0, 0, BUFFER_SIZE + 3])
      },
      { encode: noting },
    )
  })
})

describe('an examination', () => {
  /** The requests, and the bytes that are read. */
  const examine: Examine = (file, read) => [
    file,
    ...[
      [0, 3],
      [98, 5],
      [200, 1],
    ].map(([start, length]) => [...read(start!, length!)]),
  ]
  const expected = (name: string) => [{ path: name, size: 100 }, [7, 7, 7], [7, 7], []]

  it('gets bytes that are already in memory, and reads others', async () => {
    await withTree(
      async ({ tools, ranges, add }) => {
        add('whole', bytes(100, 7), [0, 100, 0, 0, RangeFlag.EXAMINE])
        add('part', bytes(100, 7), [50, 20, 100, 0, RangeFlag.EXAMINE])
        add('not wanted', bytes(100, 7), [0, 100, 200, 0])
        const { examined } = await readRanges(
          { ranges, buffer: new SharedArrayBuffer(JOB_BUFFER_SIZE) },
          tools,
        )
        expect(examined).toEqual([
          [0, expected('whole')],
          [1, expected('part')],
        ])
        expect(examineFiles({ ranges }, tools)).toEqual(
          ['whole', 'part', 'not wanted'].map((name) => ({ found: expected(name) })),
        )
      },
      { examine },
    )
  })

  it('gets a copy of the bytes, which it may keep and change', async () => {
    const kept: Uint8Array[] = []
    await withTree(
      async ({ tools, ranges, add }) => {
        add('file', bytes(100, 7), [0, 100, 0, 0, RangeFlag.EXAMINE])
        const buffer = new SharedArrayBuffer(JOB_BUFFER_SIZE)
        await readRanges({ ranges, buffer }, tools)
        kept[0]!.fill(1)
        expect(new Uint8Array(buffer)[0]).toBe(7)
      },
      {
        examine(_, read) {
          kept.push(read(0, 10))
          return null
        },
      },
    )
  })

  it('that throws fails only that file', async () => {
    await withTree(
      async ({ tools, ranges, add }) => {
        for (const name of ['a', 'b']) add(name, bytes(100, 7), [0, 100, 0, 0, RangeFlag.EXAMINE])
        const { failures, examined } = await readRanges(
          { ranges, buffer: new SharedArrayBuffer(JOB_BUFFER_SIZE) },
          tools,
        )
        expect(failures).toEqual([[0, { code: 'UNKNOWN', message: 'not this one' }]])
        expect(examined).toEqual([[1, 'b']])
        expect(examineFiles({ ranges }, tools)).toEqual([
          { code: 'UNKNOWN', message: 'not this one' },
          { found: 'b' },
        ])
      },
      {
        examine({ path }) {
          if (path === 'a') throw new Error('not this one')
          return path
        },
      },
    )
  })
})

describe('a whole file', () => {
  it('has the same digest with holes or zeros, and is examined, too', async () => {
    const content = bytes(3 * 1_048_576, 0)
    content[2_500_000] = 1
    for (const source of [
      (own: SourceCalls) => own,
      (own: SourceCalls) => ({ ...own, extents: () => [2_400_000, 2_600_000] }),
    ]) {
      await withTree(
        async ({ tools, ranges, add }) => {
          add('file', content, [0, content.length, 0, 0, RangeFlag.EXAMINE])
          expect(digestFile({ ranges }, tools)).toEqual({ digest: expect.any(String), examined: 'file' })
          digests.add((digestFile({ ranges }, tools) as { digest: string }).digest)
        },
        { examine: ({ path }) => path },
        source,
      )
    }
    expect(digests.size).toBe(1)
  })
  const digests = new Set<string>()

  it('has data in the extents that its filesystem reports', async () => {
    await withTree(
      async ({ tools, ranges, add }) => {
        add('file', bytes(100, 1), [0, 100, 0, 0])
        expect(extentsOf({ ranges }, tools)).toEqual([10, 20])
      },
      {},
      (own) => ({ ...own, extents: () => [10, 20] }),
    )
  })
})
