/** A program that has files examined while they are packed: each once, without opening any a second time. */
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
import { type DiskEntry, memorySink, type PackOptions, packDirectory, UnreadableError } from 'squashfs-writer'
import { describe, expect, it } from 'vitest'

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

/** By name: the content of each file; a file longer than its text goes on with a hole. */
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

/** An examination that gathers its results. */
function gathering(examiner: string, wants = (_: DiskEntry) => true) {
  const results: [path: string, answer: unknown][] = []
  const examination: NonNullable<PackOptions['examination']> = {
    examiner,
    wants,
    found: ({ path }, answer) => results.push([path, answer]),
  }
  return { examination, results }
}

async function packed(source: string, options: PackOptions): Promise<Uint8Array> {
  const sink = memorySink()
  await packDirectory(source, sink, options)
  return sink.bytes()
}

describe('files that are packed', () => {
  it.each([1, 2, 8])(
    'are each examined once, whatever they are like, with threads: %i, and the image is the same',
    async (threads) => {
      await withFiles(async (source) => {
        const without = await packed(source, { threads })
        for (const options of [{}, { deduplicate: false }, { fragments: 'always' }] as const) {
          const { examination, results } = gathering(ENDS)
          const image = await packed(source, { threads, examination, ...options })
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

  it('are examined where that is wanted, and only there', async () => {
    await withFiles(async (source) => {
      const { examination, results } = gathering(ENDS, ({ path }) => path.startsWith('large'))
      await packed(source, { examination })
      expect(results.map(([path]) => path).sort()).toEqual(
        Object.keys(FILES)
          .filter((name) => name.startsWith('large'))
          .sort(),
      )
    })
  })

  it('are examined once and reported by each of their names', async () => {
    await withTmpfs(async (directory) => {
      writeFileSync(join(directory, 'first'), 'of several names')
      for (const name of ['second', 'third']) linkSync(join(directory, 'first'), join(directory, name))
      const { examination, results } = gathering(ENDS, ({ path }) => path !== 'second')
      await packed(directory, { examination })
      expect(results.map(([path]) => path).sort()).toEqual(['first', 'third'])
      expect(results[0]![1]).toBe(results[1]![1])
    })
  })

  it('are opened no more often for being examined, and nothing else is asked of the filesystem', async () => {
    await withTmpfs(async (directory) => {
      const source = join(directory, 'source')
      for (let n = 0; n < 300; n++) {
        mkdirSync(join(source, `${n % 10}`), { recursive: true })
        writeFileSync(join(source, `${n % 10}`, `${n}`), `This is number ${n}.`.repeat(1 + (n % 7) * 1000))
      }
      await withLustre(source, { xattrs: [] }, async (lustre) => {
        // How often directories are looked up depends on which worker has which files.
        const metadata = async () => {
          const made = await lustre.calls()
          const calls = METADATA_CALLS.filter((call) => call !== 'getattr')
          return calls.map((call) => [call, made[call] ?? 0])
        }
        await metadata()
        await packed(lustre.directory, {})
        const alone = await metadata()
        const { examination, results } = gathering(ENDS)
        await packed(lustre.directory, { examination })
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

  it('makes that file one that cannot be read, and says why', async () => {
    await withObjectionable(async (source, directory) => {
      const { examination } = gathering(OBJECTING)
      const packing = packDirectory(source, join(directory, 'image.squashfs'), { examination })
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

  it('has the file left out where that is how unreadable files are dealt with', async () => {
    await withObjectionable(async (source) => {
      const { examination, results } = gathering(OBJECTING)
      const { omitted, files } = await packDirectory(source, memorySink(), {
        examination,
        unreadable: 'omit',
      })
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

describe('an error of the program', () => {
  it.each<readonly [string, (objection: Error) => PackOptions]>([
    [
      'when it gets the entries',
      (objection) => ({
        examination: {
          examiner: ENDS,
          wants: () => true,
          found: () => {
            throw objection
          },
        },
      }),
    ],
    [
      'when it is asked what is wanted',
      (objection) => ({
        examination: {
          examiner: ENDS,
          wants: () => {
            throw objection
          },
          found: () => {},
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

it('before the tables everything examined is known, and the image is not there yet', async () => {
  await withFiles(async (source, directory) => {
    const { examination, results } = gathering(ENDS)
    const seen: unknown[] = []
    await packDirectory(source, join(directory, 'image.squashfs'), {
      examination,
      beforeTables: async () => {
        seen.push([results.length, readdirSync(directory).includes('image.squashfs')])
      },
    })
    expect(seen).toEqual([[Object.keys(FILES).length, false]])
  })
})
