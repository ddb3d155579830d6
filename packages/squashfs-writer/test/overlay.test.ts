/** Tests a directory that is packed with an overlay of entries, with all readers. */
import { mkdirSync, readdirSync, readFileSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { differences, survey, unsquash, withDirectory, withMount, withTmpfs } from 'fixtures'
import {
  type Entries,
  type Entry,
  EntryError,
  memorySink,
  openDirectory,
  overlay,
  TemporaryFileError,
  writeImage,
} from 'squashfs-writer'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { packOverlaid } from './overlaid.js'

afterEach(() => vi.unstubAllEnvs())

/** A directory with two modules. One has outdated bytecode. */
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

describe('a directory with entries over it', () => {
  it('is the same as a directory with these files, for the kernel and unsquashfs', async () => {
    await withSite(async (source, scratch) => {
      const image = join(scratch, 'image.squashfs')
      const before = await survey(source)
      const result = await packOverlaid(source, image, ADDITIONS)
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
      // An existing directory is not changed, not even its time.
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
    })
  })

  it('is the same for any number of threads, and any order of the upper entries', async () => {
    await withSite(async (source) => {
      const images: Uint8Array[] = []
      for (const threads of [1, 2, 8]) {
        for (const additions of [ADDITIONS, [...ADDITIONS].reverse(), inPieces(ADDITIONS)]) {
          const sink = memorySink()
          await packOverlaid(source, sink, additions, { threads })
          images.push(sink.bytes())
        }
      }
      for (const image of images) expect(Buffer.compare(image, images[0]!)).toBe(0)
    })
  })

  it('may be read by the iterable of the upper entries, and the options apply to those, too', async () => {
    vi.stubEnv('SOURCE_DATE_EPOCH', '1400000000')
    await withSite(async (source, scratch) => {
      const asked: string[] = []
      const directory = await openDirectory(source, { exclude: ['two', 'kept.pyc'] })
      async function* sizes(): AsyncGenerator<Entry> {
        for await (const { type, path, ...entry } of directory.entries) {
          asked.push(`${path}`)
          if (type !== 'file' || !('content' in entry)) continue
          const { mtime, content } = entry
          yield { type, path: `${path}.size`, mtime, content: `${content.size}` }
        }
      }
      const options = { owner: { uid: 7, gid: 8 } }
      const over = overlay(directory.entries, sizes())
      const { files } = await writeImage(over, join(scratch, 'image.squashfs'), options)
      expect(await directory.census()).toMatchObject({ files: 2, directories: 3, symlinks: 1 })
      await directory.close()
      expect(asked.sort()).toEqual([
        '.',
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

  it('is not packed if the upper entries fail, are invalid, or do not come before an abort', async () => {
    await withSite(async (source, scratch) => {
      const image = join(scratch, 'image.squashfs')
      const packed = (more: Entries, signal?: AbortSignal) =>
        packOverlaid(source, image, more, signal ? { signal } : {})
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

  it('is not packed if streams do not fit into the temporary directory, which is named', async () => {
    await withSite(async (source, scratch) => {
      await withTmpfs(async (small) => {
        vi.stubEnv('TMPDIR', small)
        const more = inPieces([cache('large', 'x'.repeat(2_000_000))])
        const error = await packOverlaid(source, join(scratch, 'image.squashfs'), more).catch(
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

/** The same entries with streams as contents. */
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
