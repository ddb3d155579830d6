/** Tests an open directory: its entries, what can be read of them, and how it is packed. */
import {
  chmodSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { run, withDirectory, withLustre, withTmpfs } from 'fixtures'
import {
  type Entry,
  EntryError,
  type FoundEntry,
  type FoundFile,
  memorySink,
  type OpenDirectory,
  OptionError,
  openDirectory,
  overlay,
  packDirectory,
  UnreadableError,
  uncompressed,
  writeImage,
} from 'squashfs-writer'
import { openImage } from 'squashfs-writer/read'
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
const ALL = ['.', 'docs', 'docs/empty', 'docs/read me', 'large', 'link', 'pipe', 'twin']

function paths(entries: readonly FoundEntry[]): string[] {
  return entries.map(({ path }) => String(path)).sort()
}

const text = (part: Uint8Array): string => Buffer.from(part).toString('latin1')

/** The parts that {@link PARTS} reads of each file. */
const RANGES = [
  [0, 31],
  [2_999_990, 100],
  [5, 2_500_000],
  [3_000_000, 1],
  [9_000_000, 1],
  [7, 0],
] as const

/** The result of {@link PARTS}. */
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

type Options = Parameters<typeof openDirectory>[1]

/** Opens a directory, and closes it when `use` ends. */
async function withOpen<T>(
  source: string,
  options: Options,
  use: (directory: OpenDirectory, entries: readonly FoundEntry[]) => T | Promise<T>,
): Promise<T> {
  const directory = await openDirectory(source, options)
  try {
    return await use(directory, await all(directory.entries))
  } finally {
    await directory.close()
  }
}

async function all<T>(given: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = []
  for await (const one of given) found.push(one)
  return found
}

const entriesIn = (source: string, options: Options = {}) =>
  withOpen(source, options, (_, entries) => entries)

/** The examiner's result for each file, or the failure. */
async function told(directory: OpenDirectory, files: readonly FoundFile[]): Promise<unknown[]> {
  const answers = await directory.examine(files)
  expect(answers.size).toBe(files.length)
  return files.map((file) => answers.get(file))
}

/** The examiner's results for each file. */
async function examined(directory: OpenDirectory, files: readonly FoundFile[]): Promise<unknown[]> {
  return (await told(directory, files)).map((answer) => (answer as { found: unknown }).found)
}

function at(entries: readonly FoundEntry[], path: string): FoundEntry {
  const entry = entries.find((one) => one.path === path)
  if (!entry) throw new Error(`${path} was not found`)
  return entry
}

/** The file with a name, which need not be its first name. */
function fileAt(entries: readonly FoundEntry[], path: string): FoundFile {
  const entry = at(entries, path)
  const inode = entry.type === 'hardlink' ? entry.of : entry
  if (inode.type !== 'file') throw new Error(`${path} is not a file`)
  return inode
}

describe('the entries of a directory', () => {
  it('have the attributes on disk; the directory itself comes first, and later names are hard links', async () => {
    await withSource(async (source) => {
      const entries = await entriesIn(source)
      expect(entries[0]).toMatchObject({ type: 'directory', path: '.' })
      expect(paths(entries)).toEqual(ALL)
      expect(fileAt(entries, 'twin')).toBe(fileAt(entries, 'docs/read me'))
      const twins = entries.filter(({ path }) => path === 'twin' || path === 'docs/read me')
      expect(twins.map(({ type }) => type)).toEqual(['file', 'hardlink'])
      expect(twins[1]).toMatchObject({ target: twins[0]!.path, inode: twins[0]!.inode })
      expect(twins[0]).toMatchObject({
        mode: 0o640,
        uid: process.getuid?.(),
        mtime: 1_000_000_000,
        links: 2,
        content: { size: 6 },
      })
      expect(at(entries, 'large')).toMatchObject({ type: 'file', content: { size: 3_000_000 }, links: 1 })
      expect(at(entries, 'link')).toMatchObject({ type: 'symlink', target: 'docs' })
      expect(at(entries, 'pipe')).toMatchObject({ type: 'fifo' })
      expect(at(entries, 'docs/empty')).toMatchObject({ type: 'directory' })
      expect(new Set(entries.map(({ inode }) => inode)).size).toBe(ALL.length - 1)
    })
  })

  it('have names that are not UTF-8 as bytes', async () => {
    await withSource(async (source) => {
      writeFileSync(Buffer.concat([Buffer.from(`${source}/`), Buffer.of(0xff)]), '')
      writeFileSync(join(source, 'é'), '')
      const found = (await entriesIn(source)).map(({ path }) => path)
      expect(found).toContain('é')
      expect(found).toContainEqual(Uint8Array.of(0xff))
    })
  })

  it('are those that would be packed, by include and exclude', async () => {
    await withSource(async (source) => {
      const found = async (options: Options) => paths(await entriesIn(source, options))
      expect(await found({ exclude: ['docs', 'pipe'] })).toEqual(['.', 'large', 'link', 'twin'])
      expect(await found({ include: ['large'] })).toEqual(['.', 'large'])
      expect(await found({ include: ['read me'] })).toEqual(['.', 'docs', 'docs/read me'])
      await expect(found({ exclude: [''] })).rejects.toThrow(OptionError)
    })
  })

  it('are scanned once, and are the same each time', async () => {
    await withSource(async (source) => {
      await withOpen(source, {}, async (directory, entries) => {
        writeFileSync(join(source, 'later'), '')
        expect(await all(directory.entries)).toEqual(entries)
      })
      expect(paths(await entriesIn(source))).toContain('later')
    })
  })

  it('exclude unreadable paths, which are listed with the reason', async () => {
    await withSource(async (source) => {
      const refuse = [{ path: 'docs', errno: 'EACCES' }] as const
      await withLustre(source, { refuse, xattrs: [] }, async ({ directory: shown }) => {
        await withOpen(shown, {}, async (directory, entries) => {
          expect(paths(entries)).toEqual(['.', 'large', 'link', 'pipe', 'twin'])
          expect(await directory.unreadable()).toMatchObject([
            { path: 'docs', code: 'EACCES', directory: { type: 'directory', path: 'docs', mode: 0o755 } },
          ])
          const packing = writeImage(directory.entries, memorySink())
          await expect(packing).rejects.toMatchObject({ paths: [{ path: 'docs', code: 'EACCES' }] })
          const { omitted } = await writeImage(directory.entries, memorySink(), { unreadable: 'omit' })
          expect(omitted).toMatchObject([{ path: 'docs', code: 'EACCES' }])
        })
      })
      await expect(openDirectory(join(source, 'gone'))).rejects.toThrow(UnreadableError)
    })
  })

  it('have the owners and times on disk, even after an image with other ones', async () => {
    await withSource(async (source) => {
      await withOpen(source, {}, async (directory) => {
        await writeImage(directory.entries, memorySink(), { mtime: 5, owner: { uid: 1234 }, rootMode: 0o700 })
        const entries = await all(directory.entries)
        expect(fileAt(entries, 'twin')).toMatchObject({ mtime: 1_000_000_000, uid: process.getuid?.() })
        expect(entries[0]).toMatchObject({ mode: 0o755 })
      })
    })
  })

  it('have the same counts as their image', async () => {
    await withSource(async (source) => {
      await withOpen(source, {}, async (directory) => {
        const result = await writeImage(directory.entries, memorySink())
        expect(result).toMatchObject(await directory.census())
        expect(await directory.census()).toMatchObject({
          inodes: 7,
          files: 2,
          hardLinks: 1,
          bytesIn: 3_000_006,
        })
      })
    })
  })
})

describe('an image of the entries', () => {
  it('is that of packDirectory each time, written together or one by one', async () => {
    await withSource(async (source, image) => {
      await packDirectory(source, image)
      const wanted = readFileSync(image)
      await withOpen(source, {}, async (directory, entries) => {
        for (const given of [
          directory.entries,
          directory.entries,
          entries,
          overlay(directory.entries, []),
          overlay(overlay(directory.entries, []), []),
          overlay([], entries),
          overlay([], directory.entries),
        ]) {
          const sink = memorySink()
          await writeImage(given, sink)
          expect(Buffer.compare(sink.bytes(), wanted)).toBe(0)
        }
      })
    })
  })

  it('may have other paths and attributes, fewer entries, and other entries over them', async () => {
    await withSource(async (source, image) => {
      await withOpen(source, {}, async (directory, entries) => {
        const moved = { ...fileAt(entries, 'large'), path: 'moved/here', uid: 7, xattrs: { 'user.a': 'b' } }
        const more: Entry[] = [moved, { type: 'hardlink', path: 'again', target: 'large' }]
        await writeImage(overlay(directory.entries, more), image)
        const opened = await openImage(image)
        const found = new Map((await all(opened.entries())).map((entry) => [entry.path, entry]))
        expect(found.get('moved/here')).toMatchObject({ type: 'file', uid: 7, content: { size: 3_000_000 } })
        expect(found.get('moved/here')).toHaveProperty('xattrs')
        expect(new Set([found.get('again')?.type, found.get('large')?.type])).toEqual(
          new Set(['file', 'hardlink']),
        )
        // The entries of an image are not different.
        const copy = memorySink()
        await writeImage(overlay(opened.entries(), [{ type: 'file', path: 'new', content: 'new' }]), copy)
        await opened.close()
        expect(copy.bytes().length).toBeGreaterThan(0)
      })
    })
  })

  it('makes the same filesystem calls as packDirectory', async () => {
    await withSource(async (source, image) => {
      await withLustre(source, { xattrs: [] }, async ({ directory: shown, calls }) => {
        await calls()
        await packDirectory(shown, image, { codec: uncompressed() })
        const alone = await calls()
        let found = 0
        const directory = await openDirectory(shown)
        async function* more(): AsyncGenerator<Entry> {
          for await (const _ of directory.entries) found++
          yield* []
        }
        await writeImage(overlay(directory.entries, more()), image, { codec: uncompressed() })
        await directory.close()
        expect(await calls()).toEqual(alone)
        expect(found).toBe(ALL.length)
      })
    })
  })

  it('does not contain a file that changed after the scan', async () => {
    await withSource(async (source, image) => {
      await withOpen(source, {}, async (directory) => {
        writeFileSync(join(source, 'large'), 'Something else.')
        await expect(writeImage(directory.entries, image)).rejects.toMatchObject({
          paths: [{ path: 'large', code: 'CHANGED' }],
        })
        expect(readdirSync(join(image, '..'))).toEqual(['source'])
        const { omitted } = await writeImage(directory.entries, image, { unreadable: 'omit' })
        expect(omitted).toMatchObject([{ path: 'large' }])
      })
    })
  })

  it('has xattrs in a second image, although the first one had none', async () => {
    await withTmpfs(async (directory) => {
      const source = join(directory, 'source')
      mkdirSync(source)
      writeFileSync(join(source, 'file'), 'text')
      await run('setfattr', ['-n', 'user.a', '-v', 'b', join(source, 'file')])
      const wanted = memorySink()
      await packDirectory(source, wanted)
      const opened = await openDirectory(source)
      await writeImage(opened.entries, memorySink(), { xattrs: 'none' })
      const sink = memorySink()
      await writeImage(opened.entries, sink)
      await opened.close()
      expect(Buffer.compare(sink.bytes(), wanted.bytes())).toBe(0)
    })
  })
})

describe('a range of a file', () => {
  it('contains the bytes at that position, up to the end of the file', async () => {
    await withSource(async (source) => {
      await withOpen(source, {}, async (directory, entries) => {
        for (const [start, length] of RANGES) {
          const part = await directory.readRange(fileAt(entries, 'large'), start, length)
          expect(text(part)).toBe(text(LARGE.subarray(start, start + length)))
        }
        expect(text(await directory.readRange(fileAt(entries, 'twin'), 1, 3))).toBe('ell')
        expect(text(Buffer.concat(await all(fileAt(entries, 'large').content.open())))).toBe(text(LARGE))
      })
    })
  })

  it('is refused if the file is not one of the entries, or the range is invalid', async () => {
    await withSource(async (source) => {
      await withOpen(source, {}, async (directory, entries) => {
        const large = fileAt(entries, 'large')
        const madeUp = { ...large, content: { size: 3, open: () => large.content.open() } }
        for (const entry of [at(entries, 'docs'), at(entries, 'pipe'), madeUp] as FoundFile[])
          await expect(directory.readRange(entry, 0, 1)).rejects.toThrow(EntryError)
        for (const [start, length] of [
          [-1, 1],
          [0, 1.5],
          [0, Number.NaN],
        ] as const)
          await expect(directory.readRange(large, start, length)).rejects.toThrow(OptionError)
      })
    })
  })

  it('is refused if the file was changed or replaced after the scan', async () => {
    await withSource(async (source) => {
      await withOpen(source, {}, async (directory, entries) => {
        writeFileSync(join(source, 'twin'), 'Something else.')
        renameSync(join(source, 'docs'), join(source, 'sdoc'))
        symlinkSync('sdoc', join(source, 'docs'))
        for (const path of ['twin', 'docs/read me']) {
          const error = await directory
            .readRange(fileAt(entries, path), 0, 1)
            .catch((reason: unknown) => reason)
          expect(error).toBeInstanceOf(UnreadableError)
          expect(error).toMatchObject({ paths: [{ code: 'CHANGED' }] })
          expect(String(error)).toContain('open the directory again')
        }
      })
    })
  })
})

describe('files', () => {
  it('are examined in any number, and the examiner can read to their end', async () => {
    await withSource(async (source) => {
      for (let n = 0; n < 700; n++) writeFileSync(join(source, 'docs', `${n}`), `This is number ${n}.`)
      await withOpen(source, { examiner: PARTS }, async (directory, entries) => {
        const [large] = (await examined(directory, [fileAt(entries, 'large')])) as [Found]
        expect(large).toEqual({
          path: 'large',
          size: 3_000_000,
          parts: RANGES.map(([start, length]) => text(LARGE.subarray(start, start + length))),
        })
        const expectedOf = ({ path, content: { size } }: FoundFile): Found => {
          const content = `This is number ${String(path).slice(5)}.`
          return {
            path: String(path),
            size,
            parts: RANGES.map(([start, n]) => content.slice(start, start + n)),
          }
        }
        const many = entries.flatMap(({ path }) =>
          /^docs\/\d+$/.test(String(path)) ? fileAt(entries, String(path)) : [],
        )
        const found = await examined(directory, many)
        expect(found.length).toBe(700)
        for (const [n, answer] of found.entries()) expect(answer).toEqual(expectedOf(many[n]!))
        expect(await examined(directory, [])).toEqual([])
      })
    })
  })

  it('that were replaced, or cannot be opened, are reported instead', async () => {
    await withSource(async (source) => {
      const refuse = [{ path: 'large', errno: 'EIO' }] as const
      await withLustre(source, { refuse, xattrs: [] }, async ({ directory: shown }) => {
        await withOpen(shown, { examiner: PARTS }, async (directory, entries) => {
          writeFileSync(join(source, 'twin'), 'Something else.')
          const files = ['twin', 'large'].map((path) => fileAt(entries, path))
          expect(await told(directory, files)).toMatchObject([{ code: 'CHANGED' }, { code: 'EIO' }])
        })
      })
    })
  })

  it('whose examiner throws are reported with its message, and the others are examined', async () => {
    await withSource(async (source) => {
      for (const name of ['first', 'later']) writeFileSync(join(source, name), name)
      await withOpen(source, { examiner: OBJECTING }, async (directory, entries) => {
        const files = ['first', 'large', 'later'].map((path) => fileAt(entries, path))
        expect(await told(directory, files)).toEqual([
          { found: 'first' },
          { code: 'UNKNOWN', message: 'not this one' },
          { found: 'later' },
        ])
      })
    })
  })

  it('are opened once each, and only the ranges of the examiner are read', async () => {
    await withSource(async (source) => {
      writeFileSync(join(source, 'other'), 'other')
      await withLustre(source, { xattrs: [] }, async ({ directory: shown, calls }) => {
        await withOpen(shown, { examiner: OBJECTING }, async (directory, entries) => {
          await calls()
          await examined(
            directory,
            ['other', 'twin'].map((path) => fileAt(entries, path)),
          )
          const { open, read } = await calls()
          expect([open, read]).toEqual([2, undefined])
        })
      })
    })
  })

  it('are refused if they do not belong to a directory, or there is no examiner', async () => {
    await withSource(async (source) => {
      await withOpen(source, { examiner: PARTS }, async (directory, entries) => {
        for (const entry of [at(entries, 'docs'), at(entries, 'pipe')] as FoundFile[])
          await expect(directory.examine([entry])).rejects.toThrow(EntryError)
      })
      await withOpen(source, {}, async (directory, entries) => {
        await expect(directory.examine([fileAt(entries, 'large')])).rejects.toThrow(OptionError)
      })
    })
  })

  it('cannot be examined by a module that does not exist, or exports no function', async () => {
    await withSource(async (source) => {
      const look = (examiner: string) =>
        withOpen(source, { examiner }, (directory, entries) =>
          examined(directory, [fileAt(entries, 'large')]),
        )
      await expect(look('data:text/javascript,export default 1')).rejects.toThrow(
        'its default export is not a function',
      )
      await expect(look('file:///nowhere/examiner.mjs')).rejects.toThrow('/nowhere/examiner.mjs')
    })
  })
})

describe('a directory that is closed', () => {
  it('is closed at the end of its scope, and can be closed repeatedly', async () => {
    await withSource(async (source) => {
      const directory = await openDirectory(source)
      await directory[Symbol.asyncDispose]()
      await directory[Symbol.asyncDispose]()
      await directory.close()
      await expect(all(directory.entries)).rejects.toMatchObject({ code: 'CLOSED' })
    })
  })

  it('refuses all calls, and says so', async () => {
    await withSource(async (source, image) => {
      const [directory, entries] = await withOpen(
        source,
        { examiner: PARTS },
        (one, found) => [one, found] as const,
      )
      const large = fileAt(entries, 'large')
      for (const work of [
        () => all(directory.entries),
        () => directory.unreadable(),
        () => directory.census(),
        () => directory.readRange(large, 0, 1),
        () => directory.examine([large]),
        () => all(large.content.open()),
        () => writeImage(directory.entries, image),
      ]) {
        const error = await work().catch((reason: unknown) => reason)
        expect(error).toMatchObject({ code: 'CLOSED' })
        expect(String(error)).toContain(`${source}: the directory was closed; open it again`)
      }
      expect(readdirSync(join(image, '..'))).toEqual(['source'])
    })
  })

  it('does not affect an image that is being written', async () => {
    await withSource(async (source, image) => {
      const directory = await openDirectory(source)
      const onProgress = () => void directory.close()
      const { files } = await writeImage(directory.entries, image, { onProgress })
      expect(files).toBe(2)
    })
  })

  it('while its files are selected for examination has the same image, also with rules and in an overlay', async () => {
    await withSource(async (source, image) => {
      const options = { owner: 'root', xattrs: 'none' } as const
      await packDirectory(source, image, options)
      const more: readonly Entry[] = [{ type: 'file', path: 'docs/more', content: 'more' }]
      for (const over of [null, more]) {
        const directory = await openDirectory(source)
        const modes: number[] = []
        async function* none() {
          for await (const entry of directory.entries) if (entry.type !== 'hardlink') modes.push(entry.mode)
          await directory.close()
          yield* []
        }
        const examination = { examiner: moduleOf('export default () => null'), files: none() }
        const sink = memorySink()
        const entries = over ? overlay(directory.entries, over) : directory.entries
        const { files } = await writeImage(entries, sink, { ...options, examination })
        expect(files).toBe(over ? 3 : 2)
        expect(modes).toContain(0o640) // as it was found
        if (!over) expect(Buffer.compare(sink.bytes(), readFileSync(image))).toBe(0)
      }
    })
  })

  it('leaves no thread and no open file', async () => {
    await withSource(async (source) => {
      const open = () => readdirSync('/proc/self/fd').length
      await withOpen(source, {}, (directory, entries) => directory.readRange(fileAt(entries, 'large'), 0, 1))
      const before = open()
      for (let n = 0; n < 5; n++)
        await withOpen(source, {}, (directory, entries) =>
          directory.readRange(fileAt(entries, 'large'), 0, 1),
        )
      expect(open()).toBeLessThanOrEqual(before)
    })
  })
})

describe('a signal', () => {
  it('ends the work of a directory, with its reason', async () => {
    await withSource(async (source) => {
      const stop = new AbortController()
      const directory = await openDirectory(source, { signal: stop.signal })
      const entries = await all(directory.entries)
      stop.abort(new Error('stopped'))
      await expect(all(directory.entries)).rejects.toThrow('stopped')
      await expect(directory.readRange(fileAt(entries, 'large'), 0, 1)).rejects.toThrow('stopped')
      await directory.close()
      await expect(openDirectory(source, { signal: stop.signal })).rejects.toThrow('stopped')
    })
  })

  it('that aborted one image does not abort the next', async () => {
    await withSource(async (source, image) => {
      const directory = await openDirectory(source)
      const stop = new AbortController()
      const onProgress = () => stop.abort(new Error('stopped'))
      const stopped = writeImage(directory.entries, image, { signal: stop.signal, onProgress })
      await expect(stopped).rejects.toThrow('stopped')
      expect(await writeImage(directory.entries, image)).toMatchObject({ files: 2 })
      await directory.close()
    })
  })
})
