/** A program that inspects a directory before it packs it: the entries that it gets, and the reads that it may do. */
import {
  chmodSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { setImmediate, setTimeout } from 'node:timers/promises'
import { run, withDirectory, withLustre } from 'fixtures'
import {
  type DirectoryLook,
  type DiskEntry,
  inspectDirectory,
  OptionError,
  packDirectory,
  UnreadableError,
  uncompressed,
} from 'squashfs-writer'
import { describe, expect, it } from 'vitest'

/** In a directory of its own: `docs/empty/`, `docs/read me`, `large`, `link`, `pipe`, and `twin` of `docs/read me`. */
async function withSource(use: (source: string, image: string) => Promise<void>): Promise<void> {
  await withDirectory(async (directory) => {
    const source = join(directory, 'source')
    mkdirSync(join(source, 'docs/empty'), { recursive: true })
    writeFileSync(join(source, 'docs/read me'), 'Hello.')
    chmodSync(join(source, 'docs/read me'), 0o640)
    utimesSync(join(source, 'docs/read me'), 1_000_000_000.75, 1_000_000_000.75)
    writeFileSync(join(source, 'large'), LARGE)
    linkSync(join(source, 'docs/read me'), join(source, 'twin'))
    symlinkSync('docs', join(source, 'link'))
    await run('mkfifo', [join(source, 'pipe')])
    await use(source, join(directory, 'image.squashfs'))
  })
}

const LARGE = Buffer.alloc(3_000_000, 'all of this is one large file ')
const ALL = ['', 'docs', 'docs/empty', 'docs/read me', 'large', 'link', 'pipe', 'twin']

function paths(entries: readonly DiskEntry[]): string[] {
  return entries.map(({ path }) => path).sort()
}

const text = (part: Uint8Array): string => Buffer.from(part).toString('latin1')

/** What {@link PARTS} reads of each file. */
const RANGES = [
  [0, 31],
  [2_999_990, 100],
  [5, 2_500_000],
  [3_000_000, 1],
  [9_000_000, 1],
  [7, 0],
] as const

/** What {@link PARTS} returns. */
interface Found {
  readonly path: string
  readonly size: number
  readonly parts: readonly string[]
}

const moduleOf = (source: string) => `data:text/javascript,${encodeURIComponent(source)}`

const PARTS = moduleOf(
  `export default ({ path, size }, read) => ({
     path,
     size,
     parts: ${JSON.stringify(RANGES)}.map(([start, length]) => Buffer.from(read(start, length)).toString('latin1')),
   })`,
)

const OBJECTING = moduleOf(
  `export default ({ path }) => {
     if (path === 'large') throw new Error('not this one')
     return path
   }`,
)

/** All that was told of each file. */
async function answersTo(look: DirectoryLook, files: readonly DiskEntry[]): Promise<unknown[][]> {
  const answers = new Map<DiskEntry, unknown[]>(files.map((file) => [file, []]))
  await look.examine(files, (file, answer) => answers.get(file)?.push(answer))
  return [...answers.values()]
}

/** The examiner's result, or its failure. */
async function told(look: DirectoryLook, files: readonly DiskEntry[]): Promise<unknown[]> {
  return (await answersTo(look, files)).flat()
}

/** All that the examiner returned of each file. */
async function examined(look: DirectoryLook, files: readonly DiskEntry[]): Promise<unknown[][]> {
  return (await answersTo(look, files)).map((answers) =>
    answers.map((answer) => (answer as { found: unknown }).found),
  )
}

function at(entries: readonly DiskEntry[], path: string): DiskEntry {
  const entry = entries.find((one) => one.path === path)
  if (!entry) throw new Error(`${path} was not found`)
  return entry
}

describe('the entries found', () => {
  it('are as the filesystem has them, the directory itself first', async () => {
    await withSource(async (source) => {
      const entries = await inspectDirectory(source, {}, (look) => look.entries)
      expect(entries[0]?.path).toBe('')
      expect(paths(entries)).toEqual(ALL)
      const twin = at(entries, 'twin')
      expect(at(entries, 'docs/read me')).toMatchObject({
        type: 'file',
        mode: 0o640,
        uid: process.getuid?.(),
        mtime: 1_000_000_000,
        size: 6,
        inode: twin.inode,
        failure: null,
      })
      expect(twin.inode).not.toBeNull()
      expect(at(entries, 'large')).toMatchObject({ type: 'file', size: 3_000_000, inode: null })
      expect(at(entries, 'link')).toMatchObject({ type: 'symlink', target: 'docs', size: 0 })
      expect(at(entries, 'pipe')).toMatchObject({ type: 'fifo', target: null })
      expect(at(entries, 'docs/empty')).toMatchObject({ type: 'directory', inode: null })
    })
  })

  it('is what would be packed, by include and exclude', async () => {
    await withSource(async (source) => {
      const found = (options: { include?: string[]; exclude?: string[] }) =>
        inspectDirectory(source, options, (look) => paths(look.entries))
      expect(await found({ exclude: ['docs', 'pipe'] })).toEqual(['', 'large', 'link', 'twin'])
      expect(await found({ include: ['large'] })).toEqual(['', 'large'])
      expect(await found({ include: ['read me'] })).toEqual(['', 'docs', 'docs/read me'])
      await expect(found({ exclude: [''] })).rejects.toThrow(OptionError)
    })
  })

  it('has what cannot be read among it, and why', async () => {
    await withSource(async (source) => {
      const refuse = [{ path: 'docs', errno: 'EACCES' }] as const
      await withLustre(source, { refuse, xattrs: [] }, async ({ directory }) => {
        const entries = await inspectDirectory(directory, {}, (look) => look.entries)
        expect(at(entries, 'docs')).toMatchObject({ type: 'directory', failure: { code: 'EACCES' } })
        expect(at(entries, 'large').failure).toBeNull()
      })
      await expect(inspectDirectory(join(source, 'gone'), {}, () => {})).rejects.toThrow(UnreadableError)
    })
  })

  it('is known before the rules for owners and times change it', async () => {
    await withSource(async (source, image) => {
      let seen: DiskEntry | undefined
      await packDirectory(source, image, {
        mtime: 5,
        owner: { uid: 1234 },
        inspect: ({ entries }) => {
          seen = at(entries, 'docs/read me')
        },
      })
      expect(seen).toMatchObject({ mtime: 1_000_000_000, uid: process.getuid?.() })
    })
  })
})

describe('files', () => {
  it('are examined in any number, each by what the examiner reads of it, up to its end', async () => {
    await withSource(async (source) => {
      for (let n = 0; n < 700; n++) writeFileSync(join(source, 'docs', `${n}`), `This is number ${n}.`)
      await inspectDirectory(source, { examiner: PARTS }, async (look) => {
        const { entries } = look
        const [[large]] = (await examined(look, [at(entries, 'large')])) as [[Found]]
        expect(large).toEqual({
          path: 'large',
          size: 3_000_000,
          parts: RANGES.map(([start, length]) => text(LARGE.subarray(start, start + length))),
        })
        const expectedOf = ({ path, size }: DiskEntry): Found => {
          const content = `This is number ${path.slice(5)}.`
          return { path, size, parts: RANGES.map(([start, length]) => content.slice(start, start + length)) }
        }
        const many = entries.filter(({ path }) => /^docs\/\d+$/.test(path))
        const found = await examined(look, many)
        expect(found.length).toBe(700)
        for (const [n, answers] of found.entries()) expect(answers).toEqual([expectedOf(many[n]!)])
        expect(await examined(look, [])).toEqual([])
      })
    })
  })

  it('that are not the ones that were found, or cannot be opened, are reported instead', async () => {
    await withSource(async (source) => {
      const refuse = [{ path: 'large', errno: 'EIO' }] as const
      await withLustre(source, { refuse, xattrs: [] }, async ({ directory }) => {
        await inspectDirectory(directory, { examiner: PARTS }, async (look) => {
          writeFileSync(join(source, 'twin'), 'Something else.')
          const files = ['twin', 'large', 'docs/read me'].map((path) => at(look.entries, path))
          expect(await told(look, files)).toMatchObject([
            { code: 'CHANGED' },
            { code: 'EIO' },
            { code: 'CHANGED' },
          ])
        })
      })
    })
  })

  it('whose examiner throws are reported with its words, and the others are examined', async () => {
    await withSource(async (source) => {
      for (const name of ['first', 'later']) writeFileSync(join(source, name), name)
      await inspectDirectory(source, { examiner: OBJECTING }, async (look) => {
        const files = ['first', 'large', 'later'].map((path) => at(look.entries, path))
        expect(await told(look, files)).toEqual([
          { found: 'first' },
          { code: 'UNKNOWN', message: 'not this one' },
          { found: 'later' },
        ])
      })
    })
  })

  it('are opened once each, and read no further than the examiner does', async () => {
    await withSource(async (source) => {
      await withLustre(source, { xattrs: [] }, async ({ directory, calls }) => {
        await inspectDirectory(directory, { examiner: OBJECTING }, async (look) => {
          await calls()
          await examined(
            look,
            ['docs/read me', 'twin'].map((path) => at(look.entries, path)),
          )
          const { open, read } = await calls()
          expect([open, read]).toEqual([2, undefined])
        })
      })
    })
  })

  it('are not examined any more when all is over', async () => {
    await withSource(async (source, image) => {
      let after = (): Promise<unknown> => Promise.resolve()
      const inspect = (look: DirectoryLook) => {
        after = () => examined(look, [at(look.entries, 'large')])
      }
      await inspectDirectory(source, { examiner: PARTS }, inspect)
      await expect(after()).rejects.toMatchObject({ code: 'WORKER' })
      await packDirectory(source, image, { inspect })
      await expect(after()).rejects.toMatchObject({ code: 'WORKER' })
    })
  })

  it('are refused that are no files of this directory', async () => {
    await withSource(async (source) => {
      await inspectDirectory(source, { examiner: PARTS }, async (look) => {
        const { entries } = look
        const { path, type, mode, uid, gid, mtime, size, inode, target, failure } = at(entries, 'large')
        const madeUp = { path, type, mode, uid, gid, mtime, size, inode, target, failure }
        for (const entry of [at(entries, 'docs'), at(entries, 'pipe'), madeUp])
          await expect(examined(look, [entry])).rejects.toThrow(TypeError)
      })
    })
  })

  it('cannot be examined by a module that is missing, or exports no function', async () => {
    await withSource(async (source) => {
      const look = (examiner: string) =>
        inspectDirectory(source, { examiner }, (look) => examined(look, [at(look.entries, 'large')]))
      await expect(look('data:text/javascript,export default 1')).rejects.toThrow(
        'its default export is not a function',
      )
      await expect(look('file:///nowhere/examiner.mjs')).rejects.toThrow('/nowhere/examiner.mjs')
    })
  })
})

describe('an inspection in the course of packing', () => {
  it('changes nothing in the image', async () => {
    await withSource(async (source, image) => {
      await packDirectory(source, image)
      const before = readFileSync(image)
      await packDirectory(source, image, {
        examination: { examiner: PARTS, wants: () => false, found: () => {} },
        inspect: async (look) => {
          expect(await examined(look, [at(look.entries, 'large')])).toMatchObject([[{ path: 'large' }]])
        },
      })
      expect(readFileSync(image).equals(before)).toBe(true)
    })
  })

  it('that throws stops it with its own error, and leaves nothing', async () => {
    await withSource(async (source, image) => {
      const objection = new Error('not this one')
      const inspect = (): never => {
        throw objection
      }
      await expect(packDirectory(source, image, { inspect })).rejects.toBe(objection)
      await expect(inspectDirectory(source, {}, inspect)).rejects.toBe(objection)
      expect(readdirSync(join(image, '..'))).toEqual(['source'])
    })
  })

  it('asks the filesystem nothing that packing does not ask anyway', async () => {
    await withSource(async (source, image) => {
      await withLustre(source, { xattrs: [] }, async ({ directory, calls }) => {
        await calls()
        await packDirectory(directory, image, { codec: uncompressed() })
        const alone = await calls()
        let found = 0
        await packDirectory(directory, image, {
          codec: uncompressed(),
          inspect: ({ entries }) => {
            found = entries.length
          },
        })
        expect(await calls()).toEqual(alone)
        expect(found).toBe(ALL.length)
      })
    })
  })

  it('that stops the work keeps additions from being asked for', async () => {
    await withSource(async (source, image) => {
      const stop = new AbortController()
      let asked = false
      const packing = packDirectory(source, image, {
        signal: stop.signal,
        inspect: async () => {
          stop.abort(new Error('stopped'))
          await setImmediate()
        },
        additions: () => {
          asked = true
          return []
        },
      })
      await expect(packing).rejects.toThrow('stopped')
      await setTimeout(50)
      expect(asked).toBe(false)
    })
  })

  it('that takes long is not waited for when the work is stopped', async () => {
    await withSource(async (source) => {
      const stop = new AbortController()
      const forever = () => {
        stop.abort(new Error('stopped'))
        return new Promise<never>(() => {})
      }
      await expect(inspectDirectory(source, { signal: stop.signal }, forever)).rejects.toThrow('stopped')
      await expect(inspectDirectory(source, { signal: stop.signal }, () => 1)).rejects.toThrow('stopped')
    })
  })
})
