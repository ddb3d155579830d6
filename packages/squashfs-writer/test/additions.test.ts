/** A directory packed with entries of the program's own: the image holds both, for every reader. */
import { mkdirSync, readdirSync, readFileSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { differences, survey, unsquash, withDirectory, withMount, withTmpfs } from 'fixtures'
import {
  type Entry,
  EntryError,
  memorySink,
  type PackOptions,
  packDirectory,
  TemporaryFileError,
} from 'squashfs-writer'
import { afterEach, describe, expect, it, vi } from 'vitest'

afterEach(() => vi.unstubAllEnvs())

/** A directory with two modules, one of them with a cache that is out of date. */
async function withSite(use: (source: string, scratch: string) => Promise<void>): Promise<void> {
  await withDirectory(async (scratch) => {
    const source = join(scratch, 'site')
    mkdirSync(join(source, 'one', '__pycache__'), { recursive: true })
    mkdirSync(join(source, 'two'))
    writeFileSync(join(source, 'one', 'one.py'), 'one = 1\n')
    writeFileSync(join(source, 'one', '__pycache__', 'one.pyc'), 'old')
    writeFileSync(join(source, 'one', '__pycache__', 'kept.pyc'), 'kept')
    writeFileSync(join(source, 'two', 'two.py'), 'two = 2\n')
    symlinkSync('two', join(source, 'link'))
    for (const directory of ['one', 'two']) utimesSync(join(source, directory), 1_600_000_000, 1_600_000_000)
    await use(source, scratch)
  })
}

const cache = (path: string, content: string): Entry => ({
  type: 'file',
  path,
  content,
  mtime: 1_500_000_000,
})

const ADDITIONS: readonly Entry[] = [
  cache('two/__pycache__/two.pyc', 'new two'),
  cache('one/__pycache__/one.pyc', 'new one'),
  cache('one/__pycache__/one.opt-1.pyc', 'x'.repeat(300_000)),
]

describe('a directory with additions', () => {
  it('becomes what a directory with these files would, in the eyes of the kernel and of unsquashfs', async () => {
    await withSite(async (source, scratch) => {
      const image = join(scratch, 'image.squashfs')
      const before = await survey(source)
      const result = await packDirectory(source, image, { additions: ADDITIONS })
      expect(differences(before, await survey(source))).toEqual([]) // the directory is as it was

      mkdirSync(join(source, 'two', '__pycache__'))
      for (const entry of ADDITIONS) {
        if (entry.type !== 'file') continue
        const path = join(source, String(entry.path))
        writeFileSync(path, String(entry.content))
        utimesSync(path, 1_500_000_000, 1_500_000_000)
      }
      utimesSync(join(source, 'two', '__pycache__'), 1_600_000_000, 1_600_000_000)
      utimesSync(join(source, 'two'), 1_600_000_000, 1_600_000_000)
      // Of a directory that is there nothing changes, not even its time.
      const oldCache = before.get('one/__pycache__')!.mtime
      utimesSync(join(source, 'one', '__pycache__'), oldCache, oldCache)

      const wanted = await survey(source)
      await unsquash(image, join(scratch, 'out'))
      expect(differences(wanted, await survey(join(scratch, 'out')))).toEqual([])
      await withMount(image, async (mounted) => {
        expect(readFileSync(join(mounted, 'one', '__pycache__', 'one.pyc'), 'utf8')).toBe('new one')
      })
      expect(result).toMatchObject({
        inodes: 12,
        files: 6,
        directories: 5,
        bytesIn: 8 + 8 + 4 + 7 + 7 + 300_000,
      })
      expect(result.found).toEqual({
        ...{ inodes: 9, files: 4, directories: 4, symlinks: 1, devices: 0, ipc: 0, hardLinks: 0 },
        bytesIn: 8 + 8 + 3 + 4,
      })
    })
  })

  it('is the same for any number of threads, and for any order of the additions', async () => {
    await withSite(async (source) => {
      const images: Uint8Array[] = []
      for (const threads of [1, 2, 8]) {
        for (const additions of [ADDITIONS, [...ADDITIONS].reverse(), inPieces(ADDITIONS)]) {
          const sink = memorySink()
          await packDirectory(source, sink, { threads, additions })
          images.push(sink.bytes())
        }
      }
      for (const image of images) expect(Buffer.compare(image, images[0]!)).toBe(0)
    })
  })

  it('may be asked what was found in it, by which rules, and gives additions for that', async () => {
    vi.stubEnv('SOURCE_DATE_EPOCH', '1400000000')
    await withSite(async (source, scratch) => {
      const asked: string[] = []
      const options: PackOptions = {
        exclude: ['two', 'kept.pyc'],
        owner: { uid: 7, gid: 8 },
        additions: async function* (found) {
          for (const { type, path, uid, gid, mtime, size } of found) {
            asked.push(`${path}`)
            expect({ uid, gid, mtime }).toEqual({ uid: 7, gid: 8, mtime: 1_400_000_000 })
            if (type === 'file') yield { type, path: `${path}.size`, content: `${size}` }
          }
        },
      }
      const { files } = await packDirectory(source, join(scratch, 'image.squashfs'), options)
      expect(asked.sort()).toEqual([
        'link',
        'one',
        'one/__pycache__',
        'one/__pycache__/one.pyc',
        'one/one.py',
      ])
      expect(files).toBe(4)
      await unsquash(join(scratch, 'image.squashfs'), join(scratch, 'out'))
      expect(readFileSync(join(scratch, 'out', 'one', 'one.py.size'), 'utf8')).toBe('8')
      for (const node of (await survey(join(scratch, 'out'))).values()) {
        expect(node).toMatchObject({ uid: 7, gid: 8, mtime: 1_400_000_000 })
      }
    })
  })

  it('is not packed when they fail, cannot be, or take too long for whoever waits', async () => {
    await withSite(async (source, scratch) => {
      const image = join(scratch, 'image.squashfs')
      const packed = (additions: PackOptions['additions'], signal?: AbortSignal) =>
        packDirectory(source, image, { ...(additions && { additions }), ...(signal && { signal }) })
      await expect(packed([cache('one', 'x')])).rejects.toThrow(EntryError)
      const broken = new RangeError('no more')
      const failing = async function* () {
        yield cache('one/x', 'x')
        throw broken
      }
      await expect(packed(failing())).rejects.toBe(broken)
      const stop = new AbortController()
      const endless = async function* () {
        setTimeout(() => stop.abort(broken), 20)
        await new Promise(() => {})
        yield cache('one/x', 'x')
      }
      await expect(packed(endless(), stop.signal)).rejects.toBe(broken)
      expect(readdirSync(scratch)).toEqual(['site'])
    })
  })

  it('is not packed when streams find no room in the temporary directory, which is named', async () => {
    await withSite(async (source, scratch) => {
      await withTmpfs(async (small) => {
        vi.stubEnv('TMPDIR', small)
        const additions = inPieces([cache('large', 'x'.repeat(2_000_000))])
        const error = await packDirectory(source, join(scratch, 'image.squashfs'), { additions }).catch(
          (reason: unknown) => reason,
        )
        expect(error).toBeInstanceOf(TemporaryFileError)
        expect(error).toMatchObject({ code: 'TEMPORARY_FILE', path: expect.stringContaining(small) })
        expect(String(error)).toMatch(/ENOSPC.*; set TMPDIR to a directory with room/)
        expect(readdirSync(scratch)).toEqual(['site'])
      }, '1m')
    })
  })
})

/** The same entries, their contents as streams, which arrive in their own time. */
async function* inPieces(entries: readonly Entry[]): AsyncGenerator<Entry> {
  for (const entry of entries) {
    await new Promise((wait) => setTimeout(wait, 1))
    if (entry.type !== 'file') continue
    const text = Buffer.from(String(entry.content))
    async function* pieces() {
      yield text.subarray(0, 2)
      yield text.subarray(2)
    }
    yield { ...entry, content: pieces() }
  }
}
