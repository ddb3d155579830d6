// A program that looks at a folder before it packs it: what it is told, and what it may read.
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
import { run, withFolder, withLustre } from 'fixtures'
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

/** In a folder of its own: `docs/empty/`, `docs/read me`, `large`, `link`, `pipe`, and `twin` of `docs/read me`. */
async function withSource(use: (source: string, image: string) => Promise<void>): Promise<void> {
  await withFolder(async (folder) => {
    const source = join(folder, 'source')
    mkdirSync(join(source, 'docs/empty'), { recursive: true })
    writeFileSync(join(source, 'docs/read me'), 'Hello.')
    chmodSync(join(source, 'docs/read me'), 0o640)
    utimesSync(join(source, 'docs/read me'), 1_000_000_000.75, 1_000_000_000.75)
    writeFileSync(join(source, 'large'), LARGE)
    linkSync(join(source, 'docs/read me'), join(source, 'twin'))
    symlinkSync('docs', join(source, 'link'))
    await run('mkfifo', [join(source, 'pipe')])
    await use(source, join(folder, 'image.squashfs'))
  })
}

const LARGE = Buffer.alloc(3_000_000, 'all of this is one large file ')
const ALL = ['', 'docs', 'docs/empty', 'docs/read me', 'large', 'link', 'pipe', 'twin']

function paths(entries: readonly DiskEntry[]): string[] {
  return entries.map(({ path }) => path).sort()
}

function text(part: unknown): string {
  return part instanceof Uint8Array ? Buffer.from(part).toString('latin1') : JSON.stringify(part)
}

function at(entries: readonly DiskEntry[], path: string): DiskEntry {
  const entry = entries.find((one) => one.path === path)
  if (!entry) throw new Error(`${path} was not found`)
  return entry
}

describe('what was found', () => {
  it('is told as the filesystem has it, the folder itself first', async () => {
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
      await withLustre(source, { refuse, xattrs: [] }, async ({ folder }) => {
        const entries = await inspectDirectory(folder, {}, (look) => look.entries)
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
        time: 5,
        owner: { uid: 1234 },
        inspect: ({ entries }) => {
          seen = at(entries, 'docs/read me')
        },
      })
      expect(seen).toMatchObject({ mtime: 1_000_000_000, uid: process.getuid?.() })
    })
  })
})

describe('parts of files', () => {
  it('are read in any number, from one file or many, and end where the file ends', async () => {
    await withSource(async (source) => {
      for (let n = 0; n < 700; n++) writeFileSync(join(source, 'docs', `${n}`), `This is number ${n}.`)
      await inspectDirectory(source, {}, async ({ entries, read }) => {
        const entry = at(entries, 'large')
        const ranges = [
          [0, 31],
          [2_999_990, 100],
          [5, 2_500_000],
          [3_000_000, 1],
          [9_000_000, 1],
          [7, 0],
        ] as const
        const parts = await read(ranges.map(([start, length]) => ({ entry, start, length })))
        const expected = ranges.map(([start, length]) => LARGE.subarray(start, start + length))
        expect(parts.map(text)).toEqual(expected.map(text))
        const many = entries.filter(({ path }) => /^docs\/\d+$/.test(path))
        const heads = await read(many.map((one) => ({ entry: one, start: 8, length: 99 })))
        expect(heads.map(text)).toEqual(many.map(({ path }) => `number ${path.slice(5)}.`))
        expect(await read([])).toEqual([])
      })
    })
  })

  it('of a file that is not the one that was found, or cannot be opened, are told instead', async () => {
    await withSource(async (source) => {
      const refuse = [{ path: 'large', errno: 'EIO' }] as const
      await withLustre(source, { refuse, xattrs: [] }, async ({ folder }) => {
        await inspectDirectory(folder, {}, async ({ entries, read }) => {
          writeFileSync(join(source, 'twin'), 'Something else.')
          const [changed, fine] = await read(
            ['twin', 'large'].map((path) => ({ entry: at(entries, path), start: 0, length: 4 })),
          )
          expect(changed).toMatchObject({ code: 'CHANGED' })
          expect(fine).toMatchObject({ code: 'EIO' })
        })
      })
    })
  })

  it('of one file that are asked for together are read in one go, up to its end', async () => {
    await withSource(async (source) => {
      await withLustre(source, { xattrs: [] }, async ({ folder, calls }) => {
        await inspectDirectory(folder, {}, async ({ entries, read }) => {
          const entry = at(entries, 'large')
          await calls()
          await read([2_999_000, 0, 2_999_500, 1000].map((start) => ({ entry, start, length: 2000 })))
          expect((await calls()).open).toBe(1)
        })
      })
    })
  })

  it('are not had any more when all is over', async () => {
    await withSource(async (source, image) => {
      let after = (): Promise<unknown> => Promise.resolve()
      const inspect = ({ entries, read }: DirectoryLook) => {
        after = () => read([{ entry: at(entries, 'large'), start: 0, length: 1 }])
      }
      await inspectDirectory(source, {}, inspect)
      await expect(after()).rejects.toMatchObject({ code: 'WORKER' })
      await packDirectory(source, image, { inspect })
      await expect(after()).rejects.toMatchObject({ code: 'WORKER' })
    })
  })

  it('of what is no file of this folder are refused, and ranges that cannot be', async () => {
    await withSource(async (source) => {
      await inspectDirectory(source, {}, async ({ entries, read }) => {
        const entry = at(entries, 'large')
        for (const [start, length] of [
          [-1, 1],
          [0, -1],
          [0.5, 1],
          [0, Number.NaN],
        ] as const)
          await expect(read([{ entry, start, length }])).rejects.toThrow(RangeError)
        const { path, type, mode, uid, gid, mtime, size, inode, target, failure } = at(entries, 'large')
        const madeUp = { path, type, mode, uid, gid, mtime, size, inode, target, failure }
        for (const entry of [at(entries, 'docs'), at(entries, 'pipe'), madeUp])
          await expect(read([{ entry, start: 0, length: 1 }])).rejects.toThrow(TypeError)
      })
    })
  })
})

describe('an inspection in the course of packing', () => {
  it('changes nothing in the image', async () => {
    await withSource(async (source, image) => {
      await packDirectory(source, image)
      const before = readFileSync(image)
      await packDirectory(source, image, {
        inspect: async ({ entries, read }) => {
          await read([{ entry: at(entries, 'large'), start: 0, length: 10 }])
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
      await withLustre(source, { xattrs: [] }, async ({ folder, calls }) => {
        await calls()
        await packDirectory(folder, image, { codec: uncompressed() })
        const alone = await calls()
        let found = 0
        await packDirectory(folder, image, {
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
