/** Tests the rules for owners and times, and which part of the tree is packed. */
import { mkdirSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  createTree,
  differences,
  ON_DISK,
  run,
  survey,
  type TreeState,
  thoroughTree,
  unmount,
  withDirectory,
  withMount,
  withTmpfs,
} from 'fixtures'
import { type Entry, type PackOptions, packDirectory, writeImage } from 'squashfs-writer'
import { afterEach, describe, expect, it } from 'vitest'

const EPOCH = process.env.SOURCE_DATE_EPOCH

afterEach(() => {
  if (EPOCH === undefined) delete process.env.SOURCE_DATE_EPOCH
  else process.env.SOURCE_DATE_EPOCH = EPOCH
})

describe('a directory packed with the defaults', () => {
  it('is packed unchanged, with everything in it and itself', async () => {
    await withTmpfs(async (scratch) => {
      const source = join(scratch, 'source')
      mkdirSync(source)
      await createTree(thoroughTree({ blockSize: 131_072 }), source)
      const image = join(scratch, 'image.squashfs')
      const result = await packDirectory(source, image)
      const before = await survey(source)
      await withMount(image, async (mounted) => {
        expect(differences(before, await survey(mounted), ON_DISK)).toEqual([])
      })
      const count = (type: string) =>
        [...before].filter(([key, n]) => n.type === type && n.firstName === key).length
      expect(result).toMatchObject({
        files: count('file'),
        directories: count('directory'),
        symlinks: count('symlink'),
        devices: count('block-device') + count('character-device'),
        ipc: count('fifo') + count('socket'),
        hardLinks: [...before].filter(([key, n]) => n.type !== 'directory' && n.firstName !== key).length,
      })
      expect(result.inodes + result.hardLinks).toBe(before.size)
    })
  })
})

describe('owner', () => {
  it.each<[string, NonNullable<PackOptions['owner']>, readonly [number, number]]>([
    ['keep', 'keep', [1234, 5678]],
    ['root', 'root', [0, 0]],
    ['a uid and a gid', { uid: 7, gid: 8 }, [7, 8]],
    ['a uid alone', { uid: 7 }, [7, 5678]],
    ['a gid alone', { gid: 8 }, [1234, 8]],
  ])('%s', async (_, owner, [uid, gid]) => {
    const found = await packSmall({ owner })
    const owners = [...found.values()].map((node) => `${node.uid}:${node.gid}`)
    expect(new Set(owners)).toEqual(new Set([`${uid}:${gid}`]))
  })
})

describe('time', () => {
  it('keep: every entry keeps its time', async () => {
    const found = await packSmall({ mtime: 'keep' })
    expect(found.get('directory/old')?.mtime).toBe(1_000_000_000)
    expect(found.get('directory/new')?.mtime).toBe(2_000_000_000)
  })

  it('a number: every entry gets this time', async () => {
    const found = await packSmall({ mtime: 1_234_567_890 })
    expect(new Set([...found.values()].map(({ mtime }) => mtime))).toEqual(new Set([1_234_567_890]))
  })

  it('SOURCE_DATE_EPOCH clamps later times, and is the time of the image', async () => {
    process.env.SOURCE_DATE_EPOCH = '1500000000'
    await withSmall(async (source, image) => {
      await packDirectory(source, image)
      expect(await createdAt(image)).toBe(1_500_000_000)
      const found = await surveyOf(image)
      expect(found.get('directory/old')?.mtime).toBe(1_000_000_000)
      expect(found.get('directory/new')?.mtime).toBe(1_500_000_000)
      expect(found.get('.')?.mtime).toBeLessThanOrEqual(1_500_000_000)
    })
  })

  it('SOURCE_DATE_EPOCH that is not a number of seconds is refused', async () => {
    process.env.SOURCE_DATE_EPOCH = 'yesterday'
    await withSmall(async (source, image) => {
      await expect(packDirectory(source, image)).rejects.toMatchObject({
        code: 'INVALID_OPTION',
        message: expect.stringContaining('SOURCE_DATE_EPOCH'),
      })
    })
  })

  it('createdAt is the time of the image; without it, that is the newest time in the tree', async () => {
    await withSmall(async (source, image) => {
      await packDirectory(source, image, { createdAt: 42 })
      expect(await createdAt(image)).toBe(42)
      await packDirectory(source, image)
      expect(await createdAt(image)).toBe(2_000_000_000)
    })
  })

  it('before 1970 and after 2106 is clamped, with a warning that names the path', async () => {
    await withDirectory(async (directory) => {
      const source = join(directory, 'source')
      mkdirSync(source)
      for (const [name, time] of [
        ['early', -1000],
        ['late', 2 ** 32 + 5],
        ['fine', 2 ** 32 - 1],
      ] as const) {
        writeFileSync(join(source, name), '')
        // Node's own call interprets a negative time as now.
        await run('touch', ['-d', `@${time}`, join(source, name)])
      }
      const image = join(directory, 'image.squashfs')
      const { warnings } = await packDirectory(source, image)
      expect(warnings.map(({ code, path }) => [code, path])).toEqual([
        ['CLAMPED_TIME', 'early'],
        ['CLAMPED_TIME', 'late'],
      ])
      const found = await surveyOf(image)
      expect(['early', 'late', 'fine'].map((name) => found.get(name)?.mtime)).toEqual([
        0,
        2 ** 32 - 1,
        2 ** 32 - 1,
      ])
    })
  })
})

describe('rootMode', () => {
  it('sets the mode of the root directory only', async () => {
    const found = await packSmall({ rootMode: 0o2711 })
    expect(found.get('.')?.mode.toString(8)).toBe('2711')
    expect(found.get('directory')?.mode.toString(8)).toBe('755')
  })
})

describe('exclude and include', () => {
  const everything = [
    '.',
    '.hidden',
    'directory',
    'directory/new',
    'directory/old',
    'directory/sub',
    'directory/sub/old',
    'line\nbreak',
  ]

  it.each<[string, PackOptions, readonly string[]]>([
    ['nothing excluded', {}, everything],
    ['a name, at any depth', { exclude: ['old'] }, everything.filter((path) => !path.endsWith('old'))],
    ['a whole path', { exclude: ['directory/old'] }, everything.filter((path) => path !== 'directory/old')],
    ['a directory with all in it', { exclude: ['directory'] }, ['.', '.hidden', 'line\nbreak']],
    ['a wildcard', { exclude: ['*'] }, ['.']],
    [
      'a wildcard over directories',
      { exclude: ['**/old'] },
      everything.filter((path) => !path.endsWith('old')),
    ],
    [
      'a wildcard across a line break',
      { exclude: ['line*'] },
      everything.filter((path) => !path.startsWith('line')),
    ],
    ['hidden names', { exclude: ['.*'] }, everything.filter((path) => path !== '.hidden')],
    [
      'several patterns',
      { exclude: ['new', '.hidden'] },
      everything.filter((path) => !/new|hidden/.test(path)),
    ],
    ['what is not there', { exclude: ['nowhere'] }, everything],
    [
      'only a name',
      { include: ['old'] },
      ['.', 'directory', 'directory/old', 'directory/sub', 'directory/sub/old'],
    ],
    [
      'only a path',
      { include: ['directory/sub/**'] },
      ['.', 'directory', 'directory/sub', 'directory/sub/old'],
    ],
    [
      'only a name, less a directory',
      { include: ['old'], exclude: ['sub'] },
      ['.', 'directory', 'directory/old'],
    ],
  ])('%s', async (_, options, left) => {
    const found = await packSmall(options)
    expect([...found.keys()].sort()).toEqual([...left].sort())
    const links = [...left].filter(
      (path) => /^[^/]+$/.test(path) && found.get(path)?.type === 'directory' && path !== '.',
    )
    expect(found.get('.')?.links).toBe(2 + links.length)
  })

  it('an empty pattern is refused', async () => {
    await withSmall(async (source, image) => {
      await expect(packDirectory(source, image, { exclude: [''] })).rejects.toMatchObject({
        code: 'INVALID_OPTION',
      })
    })
  })
})

describe('oneFileSystem', () => {
  it('packs a mount point as an empty directory; without it, with its content', async () => {
    await withDirectory(async (directory) => {
      const source = join(directory, 'source')
      const other = join(source, 'other')
      mkdirSync(other, { recursive: true })
      writeFileSync(join(source, 'a'), 'a')
      await run('mount', ['-t', 'tmpfs', 'none', other])
      try {
        writeFileSync(join(other, 'b'), 'b')
        const image = join(directory, 'image.squashfs')
        await packDirectory(source, image, { oneFileSystem: true })
        expect([...(await surveyOf(image)).keys()].sort()).toEqual(['.', 'a', 'other'])
        await packDirectory(source, image)
        expect([...(await surveyOf(image)).keys()].sort()).toEqual(['.', 'a', 'other', 'other/b'])
      } finally {
        await unmount(other)
      }
    })
  })
})

describe('entries', () => {
  it('may leave directories out: missing ones are created', async () => {
    await withDirectory(async (directory) => {
      const image = join(directory, 'image.squashfs')
      await writeImage([{ type: 'file', path: 'a/b/c', content: 'c' }], image)
      const found = await surveyOf(image)
      expect([...found.keys()].sort()).toEqual(['.', 'a', 'a/b', 'a/b/c'])
      expect(found.get('a/b')).toMatchObject({ type: 'directory', mode: 0o755, uid: 0, gid: 0, mtime: 0 })
    })
  })

  it('may give a directory after its children, and the root', async () => {
    await withDirectory(async (directory) => {
      const image = join(directory, 'image.squashfs')
      const entries: Entry[] = [
        { type: 'file', path: 'a/b', content: 'b' },
        { type: 'directory', path: 'a', mode: 0o700, uid: 3, mtime: 9 },
        { type: 'directory', path: '.', mode: 0o711, gid: 4 },
      ]
      await writeImage(entries, image)
      const found = await surveyOf(image)
      expect(found.get('a')).toMatchObject({ mode: 0o700, uid: 3, mtime: 9 })
      expect(found.get('.')).toMatchObject({ mode: 0o711, gid: 4 })
      expect(found.get('a/b')).toMatchObject({ size: 1 })
    })
  })

  it('may come from an async iterable, one at a time', async () => {
    await withDirectory(async (directory) => {
      const image = join(directory, 'image.squashfs')
      async function* entries(): AsyncGenerator<Entry> {
        for (let index = 0; index < 10; index++) {
          await new Promise((resolve) => setTimeout(resolve, 1))
          yield { type: 'file', path: `${index}`, content: `${index}` }
        }
      }
      expect(await writeImage(entries(), image)).toMatchObject({ files: 10 })
    })
  })

  it.each<[string, Entry[]]>([
    ['a hard link to nowhere', [{ type: 'hardlink', path: 'a', target: 'b' }]],
    [
      'a hard link to a directory',
      [
        { type: 'directory', path: 'b' },
        { type: 'hardlink', path: 'a', target: 'b' },
      ],
    ],
    [
      'something in a file',
      [
        { type: 'file', path: 'a', content: '' },
        { type: 'file', path: 'a/b', content: '' },
      ],
    ],
    ['a root that is a file', [{ type: 'file', path: '.', content: '' }]],
    ['a mode beyond its bits', [{ type: 'fifo', path: 'a', mode: 0o10000 }]],
    ['a negative owner', [{ type: 'fifo', path: 'a', uid: -1 }]],
    ['an owner beyond 32 bits', [{ type: 'fifo', path: 'a', gid: 2 ** 32 }]],
    ['a device number beyond its bits', [{ type: 'block-device', path: 'a', major: 4096, minor: 0 }]],
    ['a time that is no number', [{ type: 'fifo', path: 'a', mtime: Number.NaN }]],
    ['a file on disk that is not there', [{ type: 'file', path: 'a', content: { file: '/nowhere/at/all' } }]],
  ])('%s is refused, by an error that names the path', async (_, entries) => {
    await withDirectory(async (directory) => {
      const error = await writeImage(entries, join(directory, 'image')).catch((reason: unknown) => reason)
      expect(error).toMatchObject({ name: 'EntryError', code: 'INVALID_ENTRY', path: entries.at(-1)?.path })
    })
  })
})

describe('the library', () => {
  it('works in a program on the command line of node', async () => {
    await withSmall(async (source, image) => {
      const script = `
        const { packDirectory } = await import(${JSON.stringify(import.meta.resolve('squashfs-writer'))})
        const { inodes } = await packDirectory(process.argv[1], process.argv[2], { threads: 8 })
        console.log(inodes)`
      const { stdout } = await run(process.execPath, ['--input-type=module', '-e', script, source, image])
      expect(stdout.toString()).toBe('8\n')
    })
  })
})

async function packSmall(options: PackOptions): Promise<TreeState> {
  return withSmall(async (source, image) => {
    await packDirectory(source, image, options)
    return surveyOf(image)
  })
}

/** A small directory. Every entry belongs to 1234:5678. */
async function withSmall<T>(use: (source: string, image: string) => Promise<T>): Promise<T> {
  return withDirectory(async (directory) => {
    const source = join(directory, 'source')
    mkdirSync(join(source, 'directory/sub'), { recursive: true })
    for (const name of ['.hidden', 'directory/old', 'directory/sub/old', 'directory/new', 'line\nbreak']) {
      writeFileSync(join(source, name), name)
      const time = name.endsWith('new') ? 2_000_000_000 : 1_000_000_000
      utimesSync(join(source, name), time, time)
    }
    await run('chown', ['-R', '1234:5678', source])
    return use(source, join(directory, 'image.squashfs'))
  })
}

function surveyOf(image: string): Promise<TreeState> {
  return withMount(image, (mounted) => survey(mounted))
}

/** The time in the superblock, in seconds. */
async function createdAt(image: string): Promise<number> {
  const { stdout } = await run('unsquashfs', ['-mkfs-time', image])
  return Number(stdout.toString())
}
