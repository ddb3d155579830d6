import { deflateSync, inflateSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Codec, uncompressed } from '../codec/codec.js'
import { memorySink } from '../destination/memory-sink.js'
import { type FileNode, fileNode } from '../tree/node.js'
import { createBlockWriter } from './block-writer.js'
import type { ContentReader, ContentRequest, Piece } from './content-reader.js'
import { encodeBlock } from './encode-block.js'
import type { PartsEncoder } from './fragments.js'
import { createOutput } from './output.js'
import { type DataOptions, type DataResult, writeData } from './write-data.js'

const BLOCK = 4096
const NO_FRAGMENT = 0xffff_ffff
/** Bytes before the first block. In an image, no block begins at 0. */
const BEFORE = 96

const deflating: Codec = { name: 'deflate', id: 1, compress: (bytes) => deflateSync(bytes) }

const OPTIONS: DataOptions = {
  blockSize: BLOCK,
  fragments: 'small-files',
  deduplicate: true,
  uncompressedFragments: false,
  failOnUnreadable: false,
  errorsOnly: false,
}

const ATTRIBUTES = { mode: 0, uid: 0, gid: 0, mtime: 0, xattrs: null }

function fileOf(content: Uint8Array): FileNode {
  return fileNode(ATTRIBUTES, content.length, { kind: 'bytes', bytes: content })
}

const contentOf = ({ content }: FileNode) => (content.kind === 'bytes' ? content.bytes : new Uint8Array(0))

/** Bytes that are never zero. Each seed gives a different content. */
const noise = (length: number, seed = 1) =>
  Uint8Array.from({ length }, (_, n) => ((Math.imul(n + seed, 0x9e37_79b1) >>> 11) % 255) + 1)

type ContentKind = 'zeros' | 'noise' | 'one byte' | 'noise with a hole'

/** Bytes that a few numbers describe, so that a counterexample is readable. */
function bytesOf({ kind, size, seed }: { kind: ContentKind; size: number; seed: number }): Uint8Array {
  switch (kind) {
    case 'zeros':
      return new Uint8Array(size)
    case 'noise':
      return noise(size, seed)
    case 'one byte':
      return new Uint8Array(size).fill(1, seed * 4095, seed * 4095 + 1)
    case 'noise with a hole':
      return noise(size).fill(0, seed * BLOCK, (seed + 1) * BLOCK)
  }
}

/** A piece whose bytes are not encoded yet. */
interface RawPiece extends Omit<Piece, 'content' | 'size'> {
  /** The number of zeros in a hole; null for a repeated content. */
  readonly bytes: Uint8Array | number | null
}

/** Reads files without encoding them. */
interface RawReader {
  read(
    files: readonly FileNode[],
    request: ContentRequest,
  ): AsyncIterable<{ readonly pieces: readonly RawPiece[]; release(): void }>
}

/** Encodes what another reader has read. */
function encoding(reader: RawReader, codec: Codec, uncompressedData: boolean): ContentReader {
  return {
    async *read(files, request) {
      for await (const { pieces, release } of reader.read(files, request))
        yield {
          pieces: await Promise.all(pieces.map((raw) => encodedPiece(raw, request))),
          tailBlocks: [],
          release,
        }
    },
  }

  async function encodedPiece({ bytes, ...raw }: RawPiece, request: ContentRequest): Promise<Piece> {
    const tail = raw.last ? request.tailSize(raw.file) : 0
    if (bytes === null) return { ...raw, content: null, size: raw.file.size }
    if (typeof bytes === 'number') return { ...raw, content: Math.max(0, bytes - tail), size: bytes }
    const inBlocks = bytes.length - tail
    const encoded: Uint8Array[] = []
    const sizeWords: number[] = []
    for (let at = 0; at < inBlocks; at += BLOCK) {
      const block = bytes.subarray(at, Math.min(at + BLOCK, inBlocks))
      if (block.every((byte) => byte === 0)) {
        sizeWords.push(0)
        continue
      }
      const { data, sizeWord } = await encodeBlock(codec, block, uncompressedData)
      encoded.push(data)
      sizeWords.push(sizeWord)
    }
    const content = {
      blocks: Buffer.concat(encoded),
      sizeWords,
      inBlocks,
      tail: tail > 0 ? bytes.subarray(inBlocks) : null,
    }
    return { ...raw, content, size: bytes.length }
  }
}

const partsEncoder =
  (codec: Codec): PartsEncoder =>
  async (parts, stored) =>
    encodeBlock(codec, Buffer.concat(parts.filter((part) => part instanceof Uint8Array)), stored)

const piece = (file: FileNode, changes: Partial<RawPiece> = {}): RawPiece => ({
  file,
  bytes: contentOf(file),
  digest: null,
  last: true,
  failure: null,
  ...changes,
})

/** Returns each of these pieces as a batch. */
const readerOf = (pieces: readonly RawPiece[]): RawReader => ({
  async *read() {
    for (const one of pieces) yield { pieces: [one], release: () => {} }
  },
})

/** Reads files from memory, `part` bytes at a time. A repeated content of several parts is not read again. */
function memoryReader(part: number, inBatch = 1) {
  const asked: { file: FileNode; digest: boolean }[] = []
  const released: number[] = []
  const seen = new Set<string>()
  const reader: RawReader = {
    async *read(files, { wantsDigest }) {
      const pieces: RawPiece[] = []
      for (const file of files) {
        const digest = wantsDigest(file)
        asked.push({ file, digest })
        const bytes = contentOf(file)
        const own = digest ? Buffer.from(bytes).toString('base64') : null
        if (own !== null && seen.has(own) && bytes.length > part) {
          pieces.push(piece(file, { bytes: null, digest: own }))
          continue
        }
        if (own !== null) seen.add(own)
        for (let at = 0; at === 0 || at < bytes.length; at += part) {
          const last = at + part >= bytes.length
          pieces.push(piece(file, { bytes: bytes.slice(at, at + part), digest: at === 0 ? own : null, last }))
        }
      }
      for (let at = 0; at < pieces.length; at += inBatch)
        yield { pieces: pieces.slice(at, at + inBatch), release: () => released.push(at) }
    },
  }
  return { reader, asked, released }
}

/** Writes files, and returns all results. */
async function written(
  files: readonly FileNode[],
  {
    uncompressedData = false,
    ...changes
  }: Partial<DataOptions> & { readonly uncompressedData?: boolean } = {},
  codec: Codec = deflating,
  reader: RawReader = memoryReader(1 << 20).reader,
) {
  for (const [n, file] of files.entries()) file.number = n + 1
  const sink = memorySink()
  const output = createOutput(sink, 0)
  output.append(new Uint8Array(BEFORE))
  const writer = createBlockWriter(output, 4)
  const reports: [files: number, bytes: number][] = []
  const result = await writeData(
    files,
    encoding(reader, codec, uncompressedData),
    writer,
    partsEncoder(codec),
    { ...OPTIONS, ...changes },
    (...more) => reports.push(more),
  )
  await output.flush()
  const image = sink.bytes()
  return { result, image, reports, content: (file: FileNode) => readFile(file, image, result) }
}

/** The bytes of a file, read from the image by its placement, like the kernel. */
function readFile({ size, placement }: FileNode, image: Uint8Array, { fragments }: DataResult): Buffer {
  if (!placement) throw new Error('the file has no place')
  const onDisk = (start: number, word: number) => {
    const bytes = image.subarray(start, start + (word % 0x0100_0000))
    return word >= 0x0100_0000 ? Buffer.from(bytes) : inflateSync(bytes)
  }
  const hasTail = placement.fragment !== NO_FRAGMENT
  expect(placement.blockSizes.length).toBe(hasTail ? Math.floor(size / BLOCK) : Math.ceil(size / BLOCK))
  let start = placement.start
  const parts = placement.blockSizes.map((word, n) => {
    const length = Math.min(BLOCK, size - n * BLOCK)
    if (word === 0) return Buffer.alloc(length)
    start += word % 0x0100_0000
    return onDisk(start - (word % 0x0100_0000), word)
  })
  if (hasTail) {
    const { start, sizeWord } = fragments[placement.fragment]!
    const { fragmentOffset } = placement
    parts.push(onDisk(start, sizeWord).subarray(fragmentOffset, fragmentOffset + (size % BLOCK)))
  }
  return Buffer.concat(parts)
}

describe('the contents of files', () => {
  it('are read back, for any content and options', async () => {
    const aSize = fc.oneof(
      fc.constantFrom(0, 1, 2, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK - 1, 2 * BLOCK, 3 * BLOCK + 7),
      fc.nat(300),
    )
    const aContent = fc.record({
      kind: fc.constantFrom<ContentKind[]>('zeros', 'noise', 'one byte', 'noise with a hole'),
      size: aSize,
      seed: fc.nat(3),
    })
    await fc.assert(
      fc.asyncProperty(
        fc.array(aContent, { maxLength: 25, size: 'max' }),
        fc.record({
          fragments: fc.constantFrom('small-files', 'always', 'never'),
          deduplicate: fc.boolean(),
          uncompressedData: fc.boolean(),
          uncompressedFragments: fc.boolean(),
        }),
        fc.constantFrom(deflating, uncompressed()),
        fc.constantFrom(1, 2, 100).map((blocks) => blocks * BLOCK),
        fc.integer({ min: 1, max: 7 }),
        async (recipes, options, codec, part, inBatch) => {
          const contents = recipes.map(bytesOf)
          const files = contents.map(fileOf)
          const { reader } = memoryReader(part, inBatch)
          const { content, result, reports } = await written(files, options, codec, reader)
          expect(files.map((file) => content(file).equals(contentOf(file)))).toEqual(files.map(() => true))
          expect(result.failures.size).toBe(0)
          const sum = (list: readonly number[]) => list.reduce((a, b) => a + b, 0)
          expect(sum(reports.map(([count]) => count))).toBe(files.length)
          expect(sum(reports.map(([, bytes]) => bytes))).toBe(sum(contents.map(({ length }) => length)))

          const full = contents.filter(({ length }) => length > 0)
          const distinct = new Map(full.map((bytes) => [Buffer.from(bytes).toString('base64'), bytes.length]))
          const expected = options.deduplicate
            ? {
                files: full.length - distinct.size,
                bytes: sum(full.map(({ length }) => length)) - sum([...distinct.values()]),
              }
            : { files: 0, bytes: 0 }
          expect(result.duplicates).toEqual(expected)
        },
      ),
      { numRuns: 60 },
    )
  })

  it('are written in the order of the files', async () => {
    const files = [noise(BLOCK, 1), noise(2 * BLOCK, 2), noise(BLOCK, 3)].map(fileOf)
    const { image } = await written(files, {}, uncompressed())
    expect(files.map((file) => file.placement?.start)).toEqual([BEFORE, BEFORE + BLOCK, BEFORE + 3 * BLOCK])
    expect(Buffer.concat(files.map(contentOf)).equals(image.subarray(BEFORE))).toBe(true)
  })

  it('can stay uncompressed, data and tails separately', async () => {
    const files = () => [fileOf(new Uint8Array(BLOCK).fill(1)), fileOf(new Uint8Array(100).fill(2))]
    for (const [uncompressedData, uncompressedFragments] of [
      [true, false],
      [false, true],
    ] as const) {
      const [data, small] = files()
      const { result } = await written([data!, small!], { uncompressedData, uncompressedFragments })
      expect(data!.placement!.blockSizes[0]! >= 0x0100_0000).toBe(uncompressedData)
      expect(result.fragments[0]!.sizeWord >= 0x0100_0000).toBe(uncompressedFragments)
    }
  })
})

describe('a tail', () => {
  const [none, packed] = [NO_FRAGMENT, 0]

  it.each([
    ['small-files', 0, 0, none],
    ['small-files', 1, 0, packed],
    ['small-files', BLOCK - 1, 0, packed],
    ['small-files', BLOCK, 1, none],
    ['small-files', BLOCK + 1, 2, none],
    ['small-files', 2 * BLOCK - 1, 2, none],
    ['always', 0, 0, none],
    ['always', 1, 0, packed],
    ['always', BLOCK - 1, 0, packed],
    ['always', BLOCK, 1, none],
    ['always', BLOCK + 1, 1, packed],
    ['always', 2 * BLOCK - 1, 1, packed],
    ['never', 0, 0, none],
    ['never', 1, 1, none],
    ['never', BLOCK - 1, 1, none],
    ['never', BLOCK, 1, none],
    ['never', BLOCK + 1, 2, none],
  ] as const)(
    'by "%s", of a file of %d bytes: %d blocks, fragment %d',
    async (fragments, size, blocks, fragment) => {
      for (const fill of [1, 0]) {
        const file = fileOf(new Uint8Array(size).fill(fill))
        const { result } = await written([file], { fragments })
        expect(file.placement?.blockSizes.length).toBe(blocks)
        expect(file.placement?.fragment).toBe(fragment)
        expect(result.fragments.length).toBe(fragment === packed ? 1 : 0)
      }
    },
  )

  it('shares a fragment with others', async () => {
    const files = [1000, 3000, 96, 1].map((size) => fileOf(noise(size, size)))
    const { result } = await written(files)
    expect(files.map((file) => [file.placement?.fragment, file.placement?.fragmentOffset])).toEqual([
      [0, 0],
      [0, 1000],
      [0, 4000],
      [1, 0],
    ])
    expect(result.fragments.length).toBe(2)
    expect(files.map((file) => file.placement?.start)).toEqual([0, 0, 0, 0])
  })
})

describe('a hole', () => {
  it('is a block of zeros, takes no space and is counted', async () => {
    const content = Buffer.concat([
      new Uint8Array(2 * BLOCK),
      noise(BLOCK),
      new Uint8Array(BLOCK),
      noise(BLOCK, 2),
      new Uint8Array(5),
    ])
    const file = fileOf(content)
    const { image } = await written([file], {}, uncompressed())
    const stored = 0x0100_0000 + BLOCK
    expect(file.placement).toEqual({
      start: BEFORE,
      blockSizes: [0, 0, stored, 0, stored, 0],
      sparse: 3 * BLOCK + 5,
      fragment: NO_FRAGMENT,
      fragmentOffset: 0,
    })
    expect(image.length).toBe(BEFORE + 2 * BLOCK)
  })

  it('may be a whole file', async () => {
    const file = fileOf(new Uint8Array(2 * BLOCK + 1))
    const { image } = await written([file])
    expect(file.placement).toEqual({
      start: 0,
      blockSizes: [0, 0, 0],
      sparse: 2 * BLOCK + 1,
      fragment: NO_FRAGMENT,
      fragmentOffset: 0,
    })
    expect(image.length).toBe(BEFORE)
  })

  it.each([0, 1, BLOCK / 2, BLOCK - 2, BLOCK - 1])('is not a block with another byte at %d', async (at) => {
    const file = fileOf(new Uint8Array(BLOCK).fill(1, at, at + 1))
    const { content } = await written([file])
    expect(file.placement?.sparse).toBe(0)
    expect(content(file)[at]).toBe(1)
  })

  it('may be reported by the reader, without its bytes', async () => {
    for (const fragments of ['small-files', 'always', 'never'] as const) {
      const content = Buffer.concat([new Uint8Array(3 * BLOCK), noise(BLOCK), new Uint8Array(BLOCK + 9)])
      const file = fileOf(content)
      const reader = readerOf([
        piece(file, { bytes: 3 * BLOCK, last: false }),
        piece(file, { bytes: noise(BLOCK), last: false }),
        piece(file, { bytes: BLOCK + 9 }),
      ])
      const { content: read, reports } = await written([file], { fragments }, deflating, reader)
      expect(read(file).equals(content)).toBe(true)
      // A tail of zeros goes to the same place as a tail that was read.
      const tail = fragments === 'always' ? 9 : 0
      expect(file.placement?.sparse).toBe(4 * BLOCK + 9 - tail)
      expect(file.placement?.blockSizes.length).toBe(tail > 0 ? 5 : 6)
      expect(reports).toEqual([
        [0, 3 * BLOCK],
        [0, BLOCK],
        [1, BLOCK + 9],
      ])
    }
  })
})

describe('files with the same content', () => {
  it('are digested only if another file has the same size', async () => {
    const files = [10, 20, 10, 0, 0, 30].map((size) => fileOf(noise(size, size)))
    const { reader, asked } = memoryReader(BLOCK)
    await written(files, {}, deflating, reader)
    expect(asked.map(({ file, digest }) => [file.size, digest])).toEqual([
      [10, true],
      [20, false],
      [10, true],
      [0, false],
      [0, false],
      [30, false],
    ])
    expect(asked.every(({ file }, n) => file === files[n])).toBe(true)
  })

  it('are not digested without deduplication', async () => {
    const files = [fileOf(noise(10)), fileOf(noise(10))]
    const { reader, asked } = memoryReader(BLOCK)
    const { result } = await written(files, { deduplicate: false }, deflating, reader)
    expect(asked.map(({ digest }) => digest)).toEqual([false, false])
    expect(result.duplicates).toEqual({ files: 0, bytes: 0 })
    expect(files[0]!.placement).not.toEqual(files[1]!.placement)
  })

  it('are written once', async () => {
    for (const size of [10, BLOCK, 2 * BLOCK + 5]) {
      const files = [1, 2, 1, 1, 2].map((seed) => fileOf(noise(size, seed)))
      const { result, image } = await written(files, {}, uncompressed())
      expect(files[2]!.placement).toEqual(files[0]!.placement)
      expect(files[3]!.placement).toEqual(files[0]!.placement)
      expect(files[4]!.placement).toEqual(files[1]!.placement)
      expect(result.duplicates).toEqual({ files: 3, bytes: 3 * size })
      expect(image.length).toBe(BEFORE + 2 * size)
    }
  })

  it('need not be read twice', async () => {
    const [first, again] = [fileOf(noise(9000)), fileOf(noise(9000))]
    const reader = readerOf([
      piece(first, { bytes: noise(9000).slice(0, 8192), digest: 'same', last: false }),
      piece(first, { bytes: noise(9000).slice(8192) }),
      piece(again, { bytes: null, digest: 'same' }),
    ])
    const { content, result, reports } = await written([first, again], {}, deflating, reader)
    expect(content(again).equals(noise(9000))).toBe(true)
    expect(result.duplicates).toEqual({ files: 1, bytes: 9000 })
    expect(reports).toEqual([
      [0, 8192],
      [1, 808],
      [1, 9000],
    ])
  })
})

describe('a file that cannot be read', () => {
  const failure = { code: 'EIO', message: 'input/output error' }
  const changed = {
    code: 'CHANGED',
    message: 'it has the content of a file that could not be read to its end',
  }
  /** By the index of the file in the list. */
  const failuresOf = (files: readonly FileNode[], { failures }: DataResult) =>
    files.map((file) => failures.get(file) ?? null)

  it('is reported, and the others are written', async () => {
    const files = [noise(10), noise(9000), noise(11)].map(fileOf)
    const [before, bad, after] = files as [FileNode, FileNode, FileNode]
    const reader = readerOf([
      piece(before),
      piece(bad, { bytes: noise(9000).slice(0, BLOCK), last: false }),
      piece(bad, { bytes: 0, failure }),
      piece(after),
    ])
    const { content, result } = await written(files, {}, deflating, reader)
    expect(failuresOf(files, result)).toEqual([null, failure, null])
    expect(content(before).equals(noise(10))).toBe(true)
    expect(content(after).equals(noise(11))).toBe(true)
  })

  it('is not continued with pieces that were read in advance', async () => {
    const files = [noise(9000), noise(11)].map(fileOf)
    const [bad, after] = files as [FileNode, FileNode]
    const reader = readerOf([
      piece(bad, { bytes: noise(9000).slice(0, BLOCK), last: false }),
      piece(bad, { bytes: 0, failure }),
      piece(bad, { bytes: noise(9000).slice(BLOCK) }),
      piece(bad, { bytes: 0, failure: { ...failure, code: 'CHANGED' } }),
      piece(after),
    ])
    const { content, result, image } = await written(files, { fragments: 'never' }, uncompressed(), reader)
    expect(failuresOf(files, result)).toEqual([failure, null])
    expect(content(after).equals(noise(11))).toBe(true)
    expect(image.length).toBe(BEFORE + BLOCK + 11)
  })

  it('ends all work except reading, if it prevents the image', async () => {
    const files = [noise(9000), noise(9001), noise(9002), noise(9003)].map(fileOf)
    const [first, bad, unread, worse] = files as [FileNode, FileNode, FileNode, FileNode]
    const reader = readerOf([
      piece(first),
      piece(bad, { bytes: 0, failure }),
      piece(unread),
      piece(worse, { bytes: 0, failure: { ...failure, code: 'EACCES' } }),
    ])
    const {
      result,
      image,
      reports: progress,
    } = await written(files, { failOnUnreadable: true }, uncompressed(), reader)
    expect(failuresOf(files, result).map((failure) => failure?.code)).toEqual([
      undefined,
      'EIO',
      undefined,
      'EACCES',
    ])
    expect(unread.placement).toBeNull()
    expect(image.length).toBe(BEFORE + 9000)
    expect(progress.length).toBe(4)
  })

  it('is not the original of its duplicates: the next one of them is', async () => {
    const files = [noise(9000), noise(9000), noise(9000)].map(fileOf)
    const [bad, next, again] = files as [FileNode, FileNode, FileNode]
    const reader = readerOf([
      piece(bad, { bytes: noise(9000).slice(0, BLOCK), digest: 'same', last: false }),
      piece(bad, { bytes: 0, failure }),
      piece(next, { digest: 'same' }),
      piece(again, { digest: 'same' }),
    ])
    const { content, result } = await written(files, {}, deflating, reader)
    expect(failuresOf(files, result)).toEqual([failure, null, null])
    expect(content(next).equals(noise(9000))).toBe(true)
    expect(content(again).equals(noise(9000))).toBe(true)
    expect(result.duplicates).toEqual({ files: 1, bytes: 9000 })
  })

  it('fails files that share its content', async () => {
    const files = [noise(9000), noise(9000)].map(fileOf)
    const [bad, next] = files as [FileNode, FileNode]
    const reader = readerOf([
      piece(bad, { bytes: noise(9000).slice(0, BLOCK), digest: 'same', last: false }),
      piece(bad, { bytes: 0, failure }),
      piece(next, { bytes: null, digest: 'same' }),
    ])
    const { result } = await written(files, {}, deflating, reader)
    expect(failuresOf(files, result)).toEqual([failure, changed])
    expect(result.duplicates).toEqual({ files: 0, bytes: 0 })
  })

  it('also does so if another file was written in between', async () => {
    const files = [noise(9000), noise(50), noise(9000)].map(fileOf)
    const [bad, between, next] = files as [FileNode, FileNode, FileNode]
    const reader = readerOf([
      piece(bad, { bytes: noise(9000).slice(0, BLOCK), digest: 'same', last: false }),
      piece(bad, { bytes: 0, failure }),
      piece(between),
      piece(next, { bytes: null, digest: 'same' }),
    ])
    const { result } = await written(files, {}, deflating, reader)
    expect(failuresOf(files, result)).toEqual([failure, null, changed])
  })
})

describe('while data is written', () => {
  it('a batch is released when its bytes are no longer needed', async () => {
    const ends: (() => void)[] = []
    const codec: Codec = {
      name: 'manual',
      id: 1,
      async compress(bytes) {
        await new Promise<void>((resolve) => ends.push(resolve))
        return bytes
      },
    }
    const { reader, released } = memoryReader(BLOCK)
    const files = [new Uint8Array(BLOCK), noise(BLOCK - 1, 1), noise(BLOCK - 1, 2), noise(BLOCK, 3)].map(
      fileOf,
    )
    const options = { deduplicate: false, uncompressedData: true }
    const all = written(files, options, codec, reader)
    const aTurn = () => new Promise((resolve) => setTimeout(resolve, 5))
    await aTurn()
    // The hole is done. Two tails wait for their fragments, and the block for the fragment before it.
    expect([ends.length, released]).toEqual([2, [0]])
    ends[1]!()
    await aTurn()
    expect(released).toEqual([0])
    ends[0]!()
    await all
    expect(released).toEqual([0, 1, 2, 3])
  })

  it('no piece is accepted while too many blocks are pending', async () => {
    let underWay = 0
    let most = 0
    const codec: Codec = {
      name: 'counting',
      id: 1,
      async compress(bytes) {
        most = Math.max(most, ++underWay)
        await new Promise((resolve) => setTimeout(resolve, 1))
        underWay--
        return bytes
      },
    }
    const files = Array.from({ length: 40 }, (_, n) => fileOf(noise(BLOCK - 1, n)))
    await written(files, { deduplicate: false }, codec)
    expect(most).toBe(4)
  })

  it('an abort stops the reader, and nothing more is appended', async () => {
    const files = [1, 2, 3].map((seed) => fileOf(noise(BLOCK, seed)))
    const pieces = encoding(readerOf(files.map((file) => piece(file))), deflating, true)
    let stopped = false
    const reader: ContentReader = {
      async *read(files, request) {
        try {
          yield* pieces.read(files, request)
        } finally {
          stopped = true
        }
      },
    }
    const starts: number[] = []
    const output = createOutput(memorySink(), 0)
    const writer = createBlockWriter(output, 4)
    const listed: typeof writer = {
      ...writer,
      append(block, written, release) {
        const noted: typeof written = (start, sizeWord) => {
          starts.push(start)
          written(start, sizeWord)
        }
        writer.append(block, noted, release)
      },
    }
    const abort = (files: number) => {
      done += files
      if (done === 2) throw new DOMException('stopped by the user', 'AbortError')
    }
    let done = 0
    await expect(writeData(files, reader, listed, partsEncoder(deflating), OPTIONS, abort)).rejects.toThrow(
      'stopped by the user',
    )
    expect(stopped).toBe(true)
    expect(starts).toEqual([0, BLOCK])
    expect(files[2]!.placement).toBeNull()
  })

  it('any failure ends the work: of the reader, the codec or the progress callback', async () => {
    const files = [fileOf(noise(BLOCK))]
    const failing = (reason: string): Codec => ({
      name: 'failing',
      id: 1,
      compress: () => Promise.reject(new Error(reason)),
    })
    await expect(written(files, {}, failing('block'))).rejects.toThrow('block')
    await expect(written([fileOf(noise(10))], {}, failing('fragment'))).rejects.toThrow('fragment')
    const reader: RawReader = {
      // biome-ignore lint/correctness/useYield: it fails before the first value
      async *read(): AsyncGenerator<never> {
        throw new Error('reader')
      },
    }
    await expect(written(files, {}, deflating, reader)).rejects.toThrow('reader')
    const writer = createBlockWriter(createOutput(memorySink(), 0), 4)
    const wholeFiles = encoding(memoryReader(BLOCK).reader, deflating, false)
    const stop = () => {
      throw new Error('stopped')
    }
    await expect(
      writeData(files, wholeFiles, writer, partsEncoder(deflating), OPTIONS, stop),
    ).rejects.toThrow('stopped')
  })
})
