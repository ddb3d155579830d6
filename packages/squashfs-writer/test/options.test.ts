/** Tests that the name and type of every option are checked before anything is read or written. */
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { withDirectory } from 'fixtures'
import {
  type DirectoryOptions,
  gzip,
  memorySink,
  OptionError,
  openDirectory,
  overlay,
  type PackOptions,
  packDirectory,
  portableGzip,
  writeImage,
  zstd,
} from 'squashfs-writer'
import { describe, expect, it } from 'vitest'

/** Values that TypeScript would reject, by option. None may be interpreted as something else. */
const WRONG_IMAGE_OPTIONS: Readonly<Record<string, readonly unknown[]>> = {
  codec: ['zstd', null, {}, zstd, { name: 'x', id: 1 }],
  blockSize: ['4096', 4095, 5000, 2048, 2_097_152, null, [4096], 4096.5, Number.NaN],
  fragments: ['sometimes', true, null],
  deduplicate: ['no', 0, null],
  exportable: ['yes', 1],
  uncompressed: ['data', ['content'], { data: true }, new Set(['data'])],
  padding: [0, '4096', 1.5, Number.POSITIVE_INFINITY],
  offset: [-1, '0', 2 ** 53],
  replace: ['never', 1],
  beforeReplace: ['keep', {}],
  createdAt: [-1, 2 ** 32, '0', new Date(0), 'keep'],
  owner: ['me', 0, [0, 0], { uid: -1 }, { gid: '0' }, { user: 0 }, null],
  mtime: ['now', -1, 2 ** 32, new Date(0)],
  rootMode: [0o10000, '755', -1],
  xattrs: ['all', true, ['user.*'], { include: 5 }, { exclude: [5] }, { omit: ['user.*'] }],
  threads: [0, '2', 1.5, Number.POSITIVE_INFINITY],
  signal: [new AbortController(), true, {}],
  onProgress: [5, 'bar'],
  onStored: [true],
  unreadable: ['skip', true, null],
  examination: [
    true,
    { examiner: 5 },
    { examiner: 'not a URL' },
    { examiner: 'file:///a', version: 1 },
    { examiner: 'file:///a', files: () => true },
    { examiner: 'file:///a', found: () => {} },
  ],
  beforeTables: [5, {}],
}
const WRONG_LOOK_OPTIONS: Readonly<Record<string, readonly unknown[]>> = {
  include: [5, [5], { 0: 'a' }, null, '', [''], '/', ['a', null]],
  exclude: [5, [undefined], /a/, null, '', ['', 'a']],
  oneFileSystem: ['yes', 0],
}
const WRONG_PACK_OPTIONS: Readonly<Record<string, readonly unknown[]>> = {
  ...WRONG_IMAGE_OPTIONS,
  ...WRONG_LOOK_OPTIONS,
  inspect: [() => {}],
  additions: [[]],
}

const pairs = (wrong: Readonly<Record<string, readonly unknown[]>>) =>
  Object.entries(wrong).flatMap(([name, values]) => values.map((value) => [name, value] as const))

describe('writeImage', () => {
  it.each(pairs(WRONG_IMAGE_OPTIONS))('refuses %s: %j', async (name, value) => {
    await expectRefusal(name, value, (_, image) => writeImage(neverRead(), image, { [name]: value }))
  })

  it.each(['blocksize', 'exclude', 'toString', '__proto__'])('refuses the option %s', async (name) => {
    const options = JSON.parse(`{ ${JSON.stringify(name)}: 1 }`)
    await expectRefusal(name, 1, (_, image) => writeImage(neverRead(), image, options))
  })

  it.each([null, 5, 'zstd', ['zstd']])('refuses options that are %j', async (options) => {
    await expectRefusal('options', options, (_, image) =>
      writeImage(neverRead(), image, options as unknown as object),
    )
  })

  it.each([null, 5, undefined, 'file', { type: 'file', path: 'a', content: '' }])(
    'refuses entries that are %j',
    async (entries) => {
      await expectRefusal('entries', entries, (_, image) => writeImage(entries as unknown as [], image))
    },
  )

  it.each([null, 5, undefined, '', 'a\0b', {}, [], new URL('file:///image')])(
    'refuses a destination that is %j',
    async (destination) => {
      await expectRefusal('destination', destination, () => writeImage(neverRead(), destination as string))
    },
  )

  it('treats undefined as absent', async () => {
    const options = Object.fromEntries(Object.keys(WRONG_IMAGE_OPTIONS).map((name) => [name, undefined]))
    const [one, other] = [memorySink(), memorySink()]
    await writeImage([], one, options)
    await writeImage([], other)
    expect(one.bytes()).toEqual(other.bytes())
  })
})

describe('packDirectory', () => {
  it.each(pairs(WRONG_PACK_OPTIONS))('refuses %s: %j', async (name, value) => {
    await expectRefusal(name, value, (source, image) => packDirectory(source, image, { [name]: value }))
  })

  it('refuses other options, and lists the valid ones', async () => {
    const error = await expectRefusal('exlude', ['*.a'], (source, image) =>
      packDirectory(source, image, { exlude: ['*.a'] } as PackOptions),
    )
    expect(error.message).toContain('exclude')
  })

  it.each([null, 5, undefined, '', 'a\0b', []])('refuses a directory that is %j', async (directory) => {
    await expectRefusal('directory', directory, (_, image) => packDirectory(directory as string, image))
  })

  it('accepts one pattern without an array', async () => {
    await withDirectory(async (directory) => {
      const source = join(directory, 'source')
      for (const name of ['sub', 's', 'u', 'b']) mkdirSync(join(source, name), { recursive: true })
      const { inodes } = await packDirectory(source, memorySink(), { exclude: 'sub' })
      expect(inodes).toBe(4)
      const { directories } = await packDirectory(source, memorySink(), { exclude: ['s', 'u'] })
      expect(directories).toBe(3)
    })
  })
})

describe('openDirectory', () => {
  const wrong = {
    ...WRONG_LOOK_OPTIONS,
    readXattrs: ['no', 0],
    examiner: [5, 'not a URL'],
    signal: [true],
    onProgress: [5],
  }

  it.each(pairs(wrong))('refuses %s: %j', async (name, value) => {
    await expectRefusal(name, value, (source) => openDirectory(source, { [name]: value }))
  })

  it('refuses other options', async () => {
    const options = { xattrs: 'none' } as DirectoryOptions
    await expectRefusal('xattrs', 'none', (source) => openDirectory(source, options))
  })

  it.each([null, 5, undefined, '', 'a\0b', []])('refuses a path that is %j', async (directory) => {
    await expectRefusal('directory', directory, () => openDirectory(directory as string))
  })
})

describe('overlay', () => {
  it.each([null, 5, undefined, 'file', {}])('refuses entries that are %j', (wrong) => {
    const none = wrong as unknown as []
    expect(() => overlay(none, [])).toThrow(OptionError)
    expect(() => overlay([], none)).toThrow(OptionError)
  })
})

describe('a codec', () => {
  it.each([zstd, gzip, portableGzip])('has a level and no other option', (codec) => {
    for (const options of [{ level: '3' }, { level: 0 }, { level: 2.5 }, { lvl: 3 }, 3, null])
      expect(() => codec(options as object)).toThrow(OptionError)
  })
})

/** Entries that must not be read. */
function* neverRead(): Generator<never> {
  yield* [] as never[]
  throw new Error('the entries were read')
}

async function expectRefusal(
  name: string,
  value: unknown,
  act: (source: string, image: string) => Promise<unknown>,
): Promise<OptionError> {
  return await withDirectory(async (directory) => {
    const source = join(directory, 'source')
    mkdirSync(source)
    writeFileSync(join(source, 'a'), 'a')
    const error = await act(source, join(directory, 'image')).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(OptionError)
    expect(error).toMatchObject({ code: 'INVALID_OPTION', option: name })
    expect((error as Error).message).toContain(`${name} is `)
    // The invalid one of several patterns.
    expect([value, ...[value].flat()]).toContainEqual((error as OptionError).value)
    expect(readdirSync(directory)).toEqual(['source'])
    return error as OptionError
  })
}
