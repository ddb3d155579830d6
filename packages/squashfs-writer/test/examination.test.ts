/** Tests that files are examined while they are packed: each once, and none is opened a second time. */
import {
  closeSync,
  ftruncateSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { METADATA_CALLS, withLustre, withTmpfs } from 'fixtures'
import {
  type FoundFile,
  type ImageOptions,
  memorySink,
  openDirectory,
  packDirectory,
  UnreadableError,
  writeImage,
} from 'squashfs-writer'
import { describe, expect, it } from 'vitest'
import { packExamined, wanted } from './examined.js'

const MIB = 1_048_576

const moduleOf = (source: string) => `data:text/javascript,${encodeURIComponent(source)}`

/** Returns a file's path and size, and its first and last bytes. */
const ENDS = moduleOf(
  `export default ({ path, size }, read) => {
     const text = (start) => Buffer.from(read(Math.max(0, start), 12)).toString('latin1')
     return { path, size, first: text(0), last: text(size - 12) }
   }`,
)

const OBJECTING = moduleOf(
  `export default ({ path }, read) => {
     if (/objectionable/.test(path)) throw new Error('not this one')
     return read(0, 1).length
   }`,
)

/** The content of each file by name. A file that is longer than its text ends with a hole. */
const FILES: Readonly<Record<string, { readonly text: string | Buffer; readonly size: number }>> = {
  empty: { text: '', size: 0 },
  small: { text: 'a small file', size: 12 },
  twin: { text: 'a small file', size: 12 },
  'small and sparse': { text: '', size: 500_000 },
  'one buffer': { text: Buffer.alloc(MIB, 'one buffer of text '), size: MIB },
  'one block': { text: Buffer.alloc(131_072, 'one block of text '), size: 131_072 },
  'three ranges': { text: Buffer.alloc(3 * MIB + 5, 'three ranges of text '), size: 3 * MIB + 5 },
  'large twin 1': { text: Buffer.alloc(2 * MIB + 9, 'twins '), size: 2 * MIB + 9 },
  'large twin 2': { text: Buffer.alloc(2 * MIB + 9, 'twins '), size: 2 * MIB + 9 },
  'as large as a twin': { text: Buffer.alloc(2 * MIB + 9, 'others '), size: 2 * MIB + 9 },
  'large, its end a hole': { text: 'the beginning', size: 5 * MIB },
  'large, all of it a hole': { text: '', size: 4 * MIB },
  'large, its beginning a hole': {
    text: Buffer.concat([Buffer.alloc(2 * MIB), Buffer.from('the end is here')]),
    size: 2 * MIB + 15,
  },
  'large, all of it a hole, as large as another': { text: '', size: 2 * MIB + 9 },
}

async function withFiles(use: (source: string, directory: string) => Promise<void>): Promise<void> {
  await withTmpfs(async (directory) => {
    const source = join(directory, 'source')
    mkdirSync(source)
    for (const [name, { text, size }] of Object.entries(FILES)) {
      const path = join(source, name)
      const bytes = Buffer.from(text)
      const start = Math.max(
        0,
        bytes.findIndex((byte) => byte !== 0),
      )
      const file = openSync(path, 'w')
      ftruncateSync(file, size)
      writeSync(file, bytes, start, bytes.length - start, start)
      closeSync(file)
    }
    await use(source, directory)
  })
}

async function packed(source: string, options: ImageOptions = {}): Promise<Uint8Array> {
  const sink = memorySink()
  await packDirectory(source, sink, options)
  return sink.bytes()
}

describe('files that are packed', () => {
  it.each([1, 2, 8])(
    'of any kind are examined once each, with threads: %i, and the image is the same',
    async (threads) => {
      await withFiles(async (source) => {
        const without = await packed(source, { threads })
        for (const options of [{}, { deduplicate: false }, { fragments: 'always' }] as const) {
          const sink = memorySink()
          const { answers: results } = await packExamined(
            source,
            sink,
            { examiner: ENDS },
            { threads, ...options },
          )
          const image = sink.bytes()
          const expected = Object.keys(FILES).map((path) => {
            const bytes = readFileSync(join(source, path))
            const text = (start: number) =>
              bytes.subarray(Math.max(0, start)).subarray(0, 12).toString('latin1')
            return [path, { path, size: bytes.length, first: text(0), last: text(bytes.length - 12) }]
          })
          expect(new Map(results as [string, unknown][])).toEqual(new Map(expected as [string, unknown][]))
          expect(results.length).toBe(expected.length)
          if (!('fragments' in options || 'deduplicate' in options))
            expect(Buffer.compare(image, without)).toBe(0)
        }
      })
    },
  )

  it('are examined only if they are selected', async () => {
    await withFiles(async (source) => {
      const wants = ({ path }: FoundFile) => String(path).startsWith('large')
      const { answers: results } = await packExamined(source, memorySink(), { examiner: ENDS, wants })
      expect(results.map(([path]) => path).sort()).toEqual(
        Object.keys(FILES)
          .filter((name) => name.startsWith('large'))
          .sort(),
      )
    })
  })

  it('are examined once for any number of names', async () => {
    await withTmpfs(async (directory) => {
      writeFileSync(join(directory, 'first'), 'of several names')
      for (const name of ['second', 'third']) linkSync(join(directory, 'first'), join(directory, name))
      const { answers, result } = await packExamined(directory, memorySink(), { examiner: ENDS })
      expect(result.hardLinks).toBe(2)
      expect(answers).toHaveLength(1)
    })
  })

  it('are examined under their path in the image, as single entries or in an overlay', async () => {
    await withTmpfs(async (directory) => {
      writeFileSync(join(directory, 'file'), 'text')
      const opened = await openDirectory(directory)
      const files: FoundFile[] = []
      for await (const file of wanted(opened, () => true)) files.push(file)
      const moved = files.map((file) => ({ ...file, path: 'elsewhere', xattrs: { 'user.a': 'b' } }))
      const seen: unknown[] = []
      await writeImage(moved, memorySink(), {
        examination: { examiner: ENDS, files },
        beforeTables: (examined) => void seen.push(...examined.entries()),
      })
      await opened.close()
      expect(seen).toEqual([[files[0], { path: 'file', size: 4, first: 'text', last: 'text' }]])
    })
  })

  it('must belong to a directory', async () => {
    const files = [{ type: 'file', path: 'made up', content: 'text' }] as unknown as FoundFile[]
    const writing = writeImage([], memorySink(), { examination: { examiner: ENDS, files } })
    await expect(writing).rejects.toMatchObject({ code: 'INVALID_ENTRY', path: 'made up' })
  })

  it('are not opened again for an examination, and there are no other filesystem calls', async () => {
    await withTmpfs(async (directory) => {
      const source = join(directory, 'source')
      for (let n = 0; n < 300; n++) {
        mkdirSync(join(source, `${n % 10}`), { recursive: true })
        writeFileSync(join(source, `${n % 10}`, `${n}`), `This is number ${n}.`.repeat(1 + (n % 7) * 1000))
      }
      await withLustre(source, { xattrs: [] }, async (lustre) => {
        // The number of lookups of directories depends on the distribution of files to workers.
        const metadata = async () => {
          const made = await lustre.calls()
          const calls = METADATA_CALLS.filter((call) => call !== 'getattr')
          return calls.map((call) => [call, made[call] ?? 0])
        }
        await metadata()
        await packed(lustre.directory, {})
        const alone = await metadata()
        const { answers: results } = await packExamined(lustre.directory, memorySink(), { examiner: ENDS })
        const both = await metadata()
        expect(results.length).toBe(300)
        expect(Object.fromEntries(both).open).toBe(300)
        expect(both).toEqual(alone)
      })
    })
  })
})

describe('an examiner that throws', () => {
  const OTHERS = ['small', 'large']
  const withObjectionable = (use: (source: string, directory: string) => Promise<void>) =>
    withTmpfs(async (directory) => {
      const source = join(directory, 'source')
      mkdirSync(source)
      for (const name of [...OTHERS, 'objectionable', 'objectionable and large', 'objectionable twin'])
        writeFileSync(join(source, name), Buffer.alloc(/large|twin/.test(name) ? 3 * MIB : 9, name))
      await use(source, directory)
    })

  it('makes that file unreadable, and says why', async () => {
    await withObjectionable(async (source, directory) => {
      const packing = packExamined(source, join(directory, 'image.squashfs'), { examiner: OBJECTING })
      await expect(packing).rejects.toThrow(UnreadableError)
      await expect(packing).rejects.toMatchObject({
        paths: ['objectionable', 'objectionable and large', 'objectionable twin'].map((path) => ({
          path,
          code: 'UNKNOWN',
          message: 'not this one',
        })),
      })
      expect(readdirSync(directory)).toEqual(['source'])
    })
  })

  it("has the file left out with unreadable: 'omit'", async () => {
    await withObjectionable(async (source) => {
      const examination = { examiner: OBJECTING }
      const omit = { unreadable: 'omit' } as const
      const { result, answers: results } = await packExamined(source, memorySink(), examination, omit)
      const { omitted, files } = result
      expect(omitted.map(({ path }) => path).sort()).toEqual([
        'objectionable',
        'objectionable and large',
        'objectionable twin',
      ])
      expect(files).toBe(OTHERS.length)
      expect(results.map(([path]) => path).sort()).toEqual([...OTHERS].sort())
    })
  })
})

describe('a result that JSON cannot hold', () => {
  it.each([
    ['a BigInt', '10n'],
    ['a cycle', '(() => { const one = {}; one.self = one; return one })()'],
  ])('is an error that names the file where it is to be recorded: %s', async (_, value) => {
    await withTmpfs(async (directory) => {
      const source = join(directory, 'source')
      mkdirSync(source)
      writeFileSync(join(source, 'file'), 'content')
      const examiner = moduleOf(`export default () => ${value}`)
      const image = join(directory, 'image.squashfs')
      const packing = packExamined(source, image, { examiner, version: '1' }, { record: true })
      await expect(packing).rejects.toMatchObject({
        name: 'SquashfsError',
        code: 'EXAMINER_RESULT',
        message: expect.stringContaining(
          `${join(source, 'file')}: the examiner's result cannot be written as JSON`,
        ),
      })
      expect(readdirSync(directory)).toEqual(['source'])
      expect((await packExamined(source, image, { examiner }, { record: true })).answers).toHaveLength(1)
    })
  })
})

describe('an error that the caller throws', () => {
  it.each<readonly [string, (objection: Error) => ImageOptions]>([
    [
      'while it says which files are examined',
      (objection) => ({
        examination: {
          examiner: ENDS,
          // biome-ignore lint/correctness/useYield: it ends before the first value
          files: (async function* () {
            throw objection
          })(),
        },
      }),
    ],
    [
      'before the tables',
      (objection) => ({
        beforeTables: () => {
          throw objection
        },
      }),
    ],
    [
      'before the tables, later',
      (objection) => ({
        beforeTables: async () => {
          throw objection
        },
      }),
    ],
  ])('%s stops the work, and the old image stays', async (_, optionsFor) => {
    await withFiles(async (source, directory) => {
      const image = join(directory, 'image.squashfs')
      writeFileSync(image, 'the old image')
      const objection = new Error('not like this')
      await expect(packDirectory(source, image, optionsFor(objection))).rejects.toBe(objection)
      expect(readFileSync(image, 'utf8')).toBe('the old image')
      expect(readdirSync(directory).sort()).toEqual(['image.squashfs', 'source'])
    })
  })
})

it('before the tables all results are known, and the image does not exist yet', async () => {
  await withFiles(async (source, directory) => {
    const opened = await openDirectory(source)
    const seen: unknown[] = []
    await writeImage(opened.entries, join(directory, 'image.squashfs'), {
      examination: { examiner: ENDS, files: wanted(opened, () => true) },
      beforeTables: async (examined) => {
        seen.push([examined.size, readdirSync(directory).includes('image.squashfs')])
      },
    })
    await opened.close()
    expect(seen).toEqual([[Object.keys(FILES).length, false]])
  })
})
