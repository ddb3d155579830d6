/** Tests that blocks are copied from a base, and that no changed file counts as unchanged. */
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import {
  appendFileSync,
  closeSync,
  copyFileSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { run, withDirectory } from 'fixtures'
import {
  gzip,
  type ImageOptions,
  type ImageResult,
  type PackOptions,
  packDirectory,
  uncompressed,
  zstd,
} from 'squashfs-writer'
import { openImage } from 'squashfs-writer/read'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { aMinuteLater, digestOfFile, packedThreeWays } from './base-trees.js'
import { packExamined } from './examined.js'

beforeEach(aMinuteLater)
afterEach(() => {
  vi.restoreAllMocks()
  vi.unstubAllEnvs()
})

const text = (n: number, size: number) =>
  Buffer.alloc(size, `def function_${n}(argument): return argument + ${n}\n`)

/** Small and large files in two packages. Some are equal. */
function makeTree(source: string): void {
  for (const name of ['one', 'two']) {
    mkdirSync(join(source, name), { recursive: true })
    for (let n = 0; n < 40; n++) writeFileSync(join(source, name, `module${n}.py`), text(n, 3000 + n * 100))
    writeFileSync(join(source, name, 'large.bin'), Buffer.concat([text(1, 300_000), randomBytes(200_000)]))
    writeFileSync(join(source, name, 'same.txt'), 'the same in both\n')
  }
  writeFileSync(join(source, 'huge.bin'), Buffer.concat([randomBytes(1_500_000), Buffer.alloc(900_000)]))
}

interface Packed {
  readonly source: string
  readonly scratch: string
  readonly base: { readonly path: string; readonly record: Uint8Array }
  readonly first: ImageResult
}

/** Packs a tree, and lets `use` change it and pack it again. */
async function withPacked(use: (packed: Packed) => Promise<void>, options: PackOptions = {}): Promise<void> {
  await withDirectory(async (scratch) => {
    const source = join(scratch, 'source')
    makeTree(source)
    const path = join(scratch, 'base.squashfs')
    const first = await packDirectory(source, path, { ...options, record: true })
    await use({ source, scratch, base: { path, record: first.record! }, first })
  })
}

const FILES = 85

describe('a base', () => {
  it('avoids reading unchanged files, and the image is the same', async () => {
    await withPacked(async ({ source, scratch, base, first }) => {
      expect(first.base).toBeNull()
      const { withRecord, without, images } = await packedThreeWays(source, scratch, base)
      expect(new Set([...images, digestOfFile(base.path)]).size).toBe(1)
      expect(withRecord.base).toMatchObject({
        files: FILES,
        bytes: first.bytesIn,
        compared: 0,
        problem: null,
      })
      expect(withRecord.base!.storedBytes).toBeGreaterThan(0.9 * first.bytesOut)
      expect(without.base).toMatchObject({ files: 0, compared: FILES, problem: { code: 'NO_RECORD' } })
    })
  })

  it('works for many generations, each the base of the next', async () => {
    await withPacked(async ({ source, scratch, base, first }) => {
      let previous = base
      for (let n = 0; n < 4; n++) {
        writeFileSync(join(source, 'one', `new${n}.py`), text(100 + n, 5000))
        const path = join(scratch, `generation${n}.squashfs`)
        const result = await packDirectory(source, path, { base: previous, record: true })
        expect(result.base).toMatchObject({ problem: null })
        expect(result.base!.files).toBeGreaterThan(FILES - 10)
        previous = { path, record: result.record! }
      }
      const { images } = await packedThreeWays(source, scratch, previous)
      expect(new Set(images).size).toBe(1)
      expect(first.record).not.toBeNull()
    })
  })

  it('may be the image that is replaced', async () => {
    await withPacked(async ({ source, scratch, base }) => {
      appendFileSync(join(source, 'one', 'module3.py'), 'x = 1\n')
      const { record } = base
      const result = await packDirectory(source, base.path, { base: { path: base.path, record } })
      expect(result.base?.files).toBeGreaterThan(FILES - 5)
      await packDirectory(source, join(scratch, 'plain.squashfs'))
      expect(digestOfFile(base.path)).toBe(digestOfFile(join(scratch, 'plain.squashfs')))
    })
  })

  it('keeps the results of an examiner for files that are not read', async () => {
    await withDirectory(async (scratch) => {
      const [examiner, log] = [join(scratch, 'examiner.mjs'), join(scratch, 'log')]
      writeFileSync(
        examiner,
        `import { appendFileSync } from 'node:fs'
        export default ({ path, size }, read) => {
          appendFileSync(${JSON.stringify(log)}, 'x')
          return [path, Buffer.from(read(size - 3, 9)).toString('latin1')]
        }`,
      )
      await withPacked(async ({ source, base }) => {
        const examined = async (version: string | undefined, options: ImageOptions) => {
          writeFileSync(log, '')
          const path = join(scratch, 'x.squashfs')
          const { result, answers } = await packExamined(
            source,
            path,
            {
              examiner: `file://${examiner}`,
              ...(version && { version }),
              wants: ({ content }) => content.size > 3,
            },
            { ...options, record: true },
          )
          return {
            files: result.base?.files ?? 0,
            asked: readFileSync(log).length,
            found: answers.map((one) => JSON.stringify(one)).sort(),
            base: { path, record: result.record! },
          }
        }
        const plain = await examined('1', {})
        expect(plain).toMatchObject({ files: 0, asked: FILES })
        expect(plain.found).toHaveLength(FILES)
        const same = { files: FILES, found: plain.found }
        // A record of a packing without an examination, with the same version, another version, and none.
        expect(await examined('1', { base })).toMatchObject({ ...same, asked: FILES })
        const again = await examined('1', { base: plain.base })
        expect(again).toMatchObject({ ...same, asked: 0 })
        expect(await examined('1', { base: again.base })).toMatchObject({ ...same, asked: 0 })
        expect(await examined('2', { base: again.base })).toMatchObject({ ...same, asked: FILES })
        expect(await examined(undefined, { base: again.base })).toMatchObject({ ...same, asked: FILES })
        // Results are kept by a packing without an examination.
        const path = join(scratch, 'without.squashfs')
        const { record } = await packDirectory(source, path, { base: again.base, record: true })
        const base3 = { path, record: record! }
        expect(await examined('1', { base: base3 })).toMatchObject({ ...same, asked: 0 })
      })
    })
  })
})

/** Changes after which a file must not count as unchanged. Each changes `one/module5.py`, whose first byte is `d`. */
const FOOLED: Readonly<Record<string, (file: string, directory: string) => void>> = {
  'other content of the same size and mtime': (file) => {
    const { atime, mtime } = statSync(file)
    writeFileSync(file, text(6, statSync(file).size))
    utimesSync(file, atime, mtime)
  },
  'another file of the same size, moved to its place with its mtime by touch -r': (file, directory) => {
    const other = join(directory, 'other')
    writeFileSync(other, text(6, statSync(file).size))
    execFileSync('touch', ['-r', file, other])
    renameSync(other, file)
  },
  'a hard link to a file of the same size and mtime in a cache': (file, directory) => {
    const cached = join(directory, 'cached')
    const { size, atime, mtime } = statSync(file)
    writeFileSync(cached, text(6, size))
    utimesSync(cached, atime, mtime)
    unlinkSync(file)
    linkSync(cached, file)
  },
  'an upgrade and a downgrade within a second, and the upgrade again': (file) => {
    const { size, atime, mtime } = statSync(file)
    for (const n of [6, 5, 6]) writeFileSync(file, text(n, size))
    utimesSync(file, atime, mtime)
  },
  'an mtime in the future': (file) => {
    writeFileSync(file, text(6, statSync(file).size))
    utimesSync(file, 4_000_000_000, 4_000_000_000)
  },
  'written in place without an end': (file) => {
    const descriptor = openSync(file, 'r+')
    writeSync(descriptor, 'D', 0)
    closeSync(descriptor)
  },
}

describe('is not fooled by', () => {
  it.each(Object.keys(FOOLED))('%s', async (name) => {
    await withPacked(async ({ source, scratch, base }) => {
      const file = join(source, 'one', 'module5.py')
      FOOLED[name]!(file, scratch)
      const { withRecord, images } = await packedThreeWays(source, scratch, base)
      expect(new Set(images).size).toBe(1)
      expect(withRecord.base?.files).toBeGreaterThan(FILES - 5)
      expect(await contentIn(join(scratch, 'record.squashfs'), 'one/module5.py')).toEqual(readFileSync(file))
    })
  })

  it('a change right after the scan: a file younger than a tick of the clock is never certain', async () => {
    vi.restoreAllMocks()
    await withPacked(async ({ source, scratch, base }) => {
      const { withRecord, images } = await packedThreeWays(source, scratch, base)
      expect(withRecord.base).toMatchObject({ files: 0, compared: FILES })
      expect(new Set(images).size).toBe(1)
    })
  })

  it('a clock that was set back: a file with a ctime in the future is never certain', async () => {
    vi.spyOn(Date, 'now').mockImplementation(() => performance.timeOrigin + performance.now() - 3_600_000)
    await withPacked(async ({ source, scratch, base }) => {
      const { withRecord } = await packedThreeWays(source, scratch, base)
      expect(withRecord.base).toMatchObject({ files: 0, compared: FILES })
    })
  })

  it('SOURCE_DATE_EPOCH, which makes all mtimes in the image equal', async () => {
    vi.stubEnv('SOURCE_DATE_EPOCH', '1000000000')
    await withPacked(async ({ source, scratch, base }) => {
      writeFileSync(join(source, 'one', 'module5.py'), text(6, 3500))
      const { withRecord, images } = await packedThreeWays(source, scratch, base)
      expect(new Set(images).size).toBe(1)
      expect(withRecord.base?.files).toBeGreaterThan(FILES - 5)
      expect(await contentIn(join(scratch, 'record.squashfs'), 'one/module5.py')).toEqual(text(6, 3500))
    })
  })

  it('a base that was copied, renamed or touched, which is still used', async () => {
    await withPacked(async ({ source, scratch, base }) => {
      const path = join(scratch, 'copy.squashfs')
      copyFileSync(base.path, path)
      utimesSync(path, 1, 1)
      const { withRecord, images } = await packedThreeWays(source, scratch, { ...base, path })
      expect(withRecord.base).toMatchObject({ files: FILES, problem: null })
      expect(new Set(images).size).toBe(1)
    })
  })

  it('the record of another image', async () => {
    await withPacked(async ({ source, scratch, base }) => {
      writeFileSync(join(source, 'one', 'module5.py'), text(6, 3500))
      const path = join(scratch, 'other.squashfs')
      await packDirectory(source, path)
      const { withRecord, images } = await packedThreeWays(source, scratch, { path, record: base.record })
      expect(withRecord.base).toMatchObject({ files: 0, problem: { code: 'OTHER_RECORD' } })
      expect(new Set(images).size).toBe(1)
    })
  })

  it('a record that is damaged anywhere', async () => {
    await withPacked(async ({ source, scratch, base }) => {
      const { length } = base.record
      for (const at of [0, 9, 40, length >> 2, length >> 1, length - 1]) {
        const record = base.record.slice()
        record[at]! ^= 0x10
        const { withRecord, images } = await packedThreeWays(source, scratch, { path: base.path, record })
        expect(withRecord.base).toMatchObject({ files: 0, problem: { code: 'NO_RECORD' } })
        expect(new Set(images).size).toBe(1)
      }
      for (const record of [new Uint8Array(0), base.record.slice(0, 100)]) {
        const { withRecord } = await packedThreeWays(source, scratch, { path: base.path, record })
        expect(withRecord.base).toMatchObject({ files: 0, problem: { code: 'NO_RECORD' } })
      }
    })
  })
})

describe('a base that fits only in part', () => {
  it('with damaged blocks is used except for these', async () => {
    await withPacked(async ({ source, scratch, base }) => {
      const bytes = readFileSync(base.path)
      for (const at of [150, bytes.length >> 2, bytes.length >> 1]) bytes[at]! ^= 4
      writeFileSync(base.path, bytes)
      const { withRecord, without, images } = await packedThreeWays(source, scratch, base)
      expect(withRecord.base).toMatchObject({ problem: { code: 'DAMAGED_BLOCKS' } })
      expect(withRecord.base!.files).toBeLessThan(FILES)
      expect(withRecord.base!.storedBytes).toBeGreaterThan(0)
      expect(without.base!.storedBytes).toBeGreaterThan(0)
      expect(new Set(images).size).toBe(1)
    })
  })

  it.each<[string, PackOptions]>([
    ['block size', { blockSize: 65_536 }],
    ['level', { codec: zstd({ level: 5 }) }],
    ['compressor', { codec: gzip() }],
  ])('of another %s is not used', async (_, options) => {
    await withPacked(async ({ source, scratch, base }) => {
      const { withRecord, images } = await packedThreeWays(source, scratch, base, options)
      expect(withRecord.base).toMatchObject({ files: 0, storedBytes: 0, problem: { code: 'OTHER_SETTINGS' } })
      expect(new Set(images).size).toBe(1)
    })
  })

  it.each<[string, PackOptions]>([
    ['deduplication', { deduplicate: false }],
    ['fragments', { fragments: 'always' }],
  ])('of other settings for %s is compared', async (_, options) => {
    await withPacked(async ({ source, scratch, base }) => {
      const { withRecord, images } = await packedThreeWays(source, scratch, base, options)
      expect(withRecord.base).toMatchObject({ files: 0, problem: { code: 'OTHER_RECORD' } })
      expect(new Set(images).size).toBe(1)
    })
  })

  it('is not used if nothing is compressed', async () => {
    await withPacked(async ({ source, scratch, base }) => {
      const options = { codec: uncompressed() }
      const { withRecord } = await packedThreeWays(source, scratch, base, options)
      expect(withRecord.base).toMatchObject({ files: 0, problem: { code: 'UNCOMPRESSED' } })
    })
  })

  it.each(['mksquashfs', 'gensquashfs'])(
    'made by %s is used as far as its blocks are the same as ours',
    async (program) => {
      await withPacked(async ({ source, scratch }) => {
        const path = join(scratch, 'foreign.squashfs')
        if (program === 'mksquashfs')
          await run(program, [source, path, '-comp', 'zstd', '-Xcompression-level', '3', '-quiet'])
        else await run(program, ['-D', source, '-c', 'zstd', '-X', 'level=3', '-q', path])
        const { without, images } = await packedThreeWays(source, scratch, { path })
        expect(without.base?.problem).not.toBeNull()
        expect(new Set(images).size).toBe(1)
      })
    },
  )

  it.each<[string, (path: string) => void]>([
    ['is missing', (path) => unlinkSync(path)],
    ['is no image', (path) => writeFileSync(path, 'no image')],
    ['is empty', (path) => writeFileSync(path, '')],
    ['is cut off', (path) => writeFileSync(path, readFileSync(path).subarray(0, 100_000))],
    ['has damaged tables', damageInodes],
  ])('that %s is not an error', async (_, damage) => {
    await withPacked(async ({ source, scratch, base }) => {
      damage(base.path)
      const { withRecord, images } = await packedThreeWays(source, scratch, base)
      expect(withRecord.base).toMatchObject({ files: 0, storedBytes: 0 })
      expect(withRecord.base?.problem).not.toBeNull()
      expect(new Set(images).size).toBe(1)
    })
  })
})

/** The superblock has the position of the inode table at offset 64. */
function damageInodes(path: string): void {
  const bytes = readFileSync(path)
  const start = Number(bytes.readBigUInt64LE(64))
  writeFileSync(path, bytes.fill(7, start + 2, start + 200))
}

async function contentIn(path: string, name: string): Promise<Buffer> {
  const image = await openImage(path)
  try {
    const file = await image.find(name)
    return Buffer.from(await image.read(file as Parameters<typeof image.read>[0]))
  } finally {
    await image.close()
  }
}
