/** Tests every kind of image with the kernel, which is the strictest reader. */
import { createHash } from 'node:crypto'
import {
  closeSync,
  ftruncateSync,
  lstatSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  statSync,
  writeSync,
} from 'node:fs'
import { mkdir, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import {
  entriesOf,
  expectedState,
  type Judges,
  KEPT_MEMORY,
  openHandles,
  run,
  survey,
  type TreeModel,
  type TreeState,
  takeHandles,
  thoroughTree,
  under,
  withDirectory,
  withJudges,
  withMount,
  withTmpfs,
} from 'fixtures'
import {
  type Codec,
  type Entry,
  gzip,
  type ImageOptions,
  LimitError,
  memorySink,
  packDirectory,
  portableGzip,
  type UncompressedPart,
  uncompressed,
  writeImage,
  zstd,
} from 'squashfs-writer'
import { aroundAll, describe, expect, it } from 'vitest'

const KIB = 1024
const MIB = 1024 * KIB
const GIB = 1024 * MIB

const CODECS: Readonly<Record<string, Codec>> = {
  zstd: zstd(),
  gzip: gzip({ level: 6 }),
  'portable gzip': portableGzip({ level: 6 }),
  none: uncompressed(),
}

let judges: Judges
/** The directory for images, and for what unsquashfs extracts. */
let tmpfs: string
aroundAll((run) =>
  withTmpfs((directory) => {
    tmpfs = directory
    return withJudges((process) => {
      judges = process
      return run()
    })
  }),
)

const BLOCK_SIZES = [4, 8, 16, 32, 64, 128, 256, 512, 1024].map((kib) => kib * KIB)

describe.each(Object.entries(CODECS))('an image with %s', (_, codec) => {
  it.each(BLOCK_SIZES)(
    'and blocks of %i bytes is read completely by unsquashfs and the kernel',
    async (blockSize) => {
      await expectThoroughTreeToArrive({ codec, blockSize }, blockSize)
    },
  )
})

describe.each([1, 9])('zstd at level %i', (level) => {
  it.each([4 * KIB, 1 * MIB])(
    'with blocks of %i bytes mounts: its frames need no larger window',
    async (blockSize) => {
      await expectThoroughTreeToArrive({ codec: zstd({ level }), blockSize }, blockSize)
    },
  )
})

describe.each([
  [19, 4 * KIB, 4 * KIB, /^/],
  [19, 1 * MIB, 1 * MIB, /^/],
  [22, 1 * MIB, 64 * KIB, /^(\.|sizes)/],
])('zstd at level %i', (level, blockSize, unit, paths) => {
  it(`with blocks of ${blockSize} bytes mounts: its frames need no larger window`, async () => {
    await withDirectory(async (scratch) => {
      const image = join(scratch, 'image.squashfs')
      await run(
        process.execPath,
        [
          '--input-type=module',
          '-e',
          WRITE_AT_LEVEL,
          image,
          `${level}`,
          `${blockSize}`,
          `${unit}`,
          paths.source,
        ],
        { env: KEPT_MEMORY },
      )
      const { stdout } = await run('unsquashfs', ['-stat', image])
      expect(stdout.toString()).toContain(`level ${level}\n`)
      const model = [...thoroughTree({ blockSize: unit })].filter(([key]) => paths.test(key))
      expect(await judges.judge(image, expectedState(new Map(model)), scratch)).toEqual([])
    }, tmpfs)
  })
})

const WRITE_AT_LEVEL = `
  const [image, level, blockSize, unit, paths] = process.argv.slice(1)
  const { entriesOf, thoroughTree } = await import(${JSON.stringify(import.meta.resolve('fixtures'))})
  const { writeImage, zstd } = await import(${JSON.stringify(import.meta.resolve('squashfs-writer'))})
  const model = [...thoroughTree({ blockSize: Number(unit) })].filter(([key]) => new RegExp(paths).test(key))
  const options = { codec: zstd({ level: Number(level) }), blockSize: Number(blockSize) }
  await writeImage(entriesOf(new Map(model)), image, options)`

describe.each([1, 9])('gzip at level %i', (level) => {
  it('is read completely by unsquashfs and the kernel', async () => {
    await expectThoroughTreeToArrive({ codec: gzip({ level }) })
  })
})

describe('options', () => {
  it.each(['small-files', 'always', 'never'] as const)('fragments: %s', async (fragments) => {
    await expectThoroughTreeToArrive({ fragments })
  })

  it('fragments: always packs more tails than small-files, never packs none', async () => {
    const write = (fragments: NonNullable<ImageOptions['fragments']>) =>
      writeImage(entriesOf(thoroughTree({ blockSize: 4 * KIB })), memorySink(), {
        blockSize: 4 * KIB,
        fragments,
      })
    const [always, smallFiles, never] = [
      await write('always'),
      await write('small-files'),
      await write('never'),
    ]
    expect(never.fragments).toBe(0)
    expect(smallFiles.fragments).toBeGreaterThan(0)
    expect(always.fragments).toBeGreaterThan(smallFiles.fragments)
    expect(always.bytesOut).toBeLessThan(never.bytesOut)
  })

  it.each([true, false])('deduplicate: %s', async (deduplicate) => {
    await expectThoroughTreeToArrive({ deduplicate })
  })

  it.each<[UncompressedPart, string]>([
    ['inodes', 'Inodes are uncompressed'],
    ['data', 'Data is uncompressed'],
    ['fragments', 'Fragments are uncompressed'],
    ['xattrs', 'Xattrs are uncompressed'],
    ['ids', 'Uids/Gids (Id table) are uncompressed'],
  ])(
    'uncompressed: [%s] leaves that part uncompressed, and says so in the superblock',
    async (part, said) => {
      await expectThoroughTreeToArrive({ uncompressed: [part] })
      await withDirectory(async (directory) => {
        const image = join(directory, 'image.squashfs')
        const tree = () => entriesOf(thoroughTree({ blockSize: 4 * KIB }))
        const compressed = await writeImage(tree(), memorySink(), { blockSize: 4 * KIB, padding: 1 })
        const stored = await writeImage(tree(), image, {
          blockSize: 4 * KIB,
          padding: 1,
          uncompressed: [part],
        })
        expect(await superblock(image)).toContain(said)
        // A few ids do not get smaller, so they are stored uncompressed in any case.
        if (part !== 'ids') expect(stored.bytesOut).toBeGreaterThan(compressed.bytesOut)
      })
    },
  )

  it('uncompressed: everything', async () => {
    await expectThoroughTreeToArrive({ uncompressed: ['inodes', 'data', 'fragments', 'xattrs', 'ids'] })
  })

  it.each([4 * KIB, 64 * KIB, 1 * MIB])('padding: %i gives an image of a multiple of it', async (padding) => {
    await expectThoroughTreeToArrive({ padding })
    const sink = memorySink()
    const { bytesOut } = await writeImage([], sink, { padding })
    expect(bytesOut).toBe(padding)
    expect(sink.bytes().length).toBe(padding)
  })

  it.each([512, 4 * KIB, 1 * MIB + 512])('offset: %i mounts at that offset', async (offset) => {
    await expectThoroughTreeToArrive({ offset })
  })

  it('an image at an offset has zeros before it, which a header can replace', async () => {
    await withDirectory(async (directory) => {
      const image = join(directory, 'image.squashfs')
      const { bytesOut } = await writeImage([{ type: 'file', path: 'a', content: 'b' }], image, {
        offset: 4096,
      })
      const bytes = readFileSync(image)
      expect(bytes.length).toBe(4096 + bytesOut)
      expect(bytes.subarray(0, 4096).every((byte) => byte === 0)).toBe(true)
      expect(bytes.toString('latin1', 4096, 4100)).toBe('hsqs')
    })
  })

  it('an empty image mounts as an empty directory', async () => {
    await withDirectory(async (scratch) => {
      const image = join(scratch, 'image.squashfs')
      await writeImage([], image)
      const root = { type: 'directory', mode: 0o755, uid: 0, gid: 0, mtime: 0, xattrs: new Map() } as const
      expect(await judges.judge(image, expectedState(new Map([['.', root]])), scratch)).toEqual([])
    }, tmpfs)
  })
})

describe('large directories', () => {
  it('each of 100,000 names is found through the mount, and refers to its own file', async () => {
    await withDirectory(async (directory) => {
      const files = Array.from({ length: 100_000 }, (_, index) => ({ name: manyNames(index), mtime: index }))
      expect(new Set(files.map(({ name }) => name.toString('latin1'))).size).toBe(files.length)
      const image = join(directory, 'image.squashfs')
      const entries = files.map(({ name, mtime }): Entry => {
        return { type: 'file', path: Buffer.concat([Buffer.from('many/'), name]), content: '', mtime }
      })
      await writeImage(entries, image)
      await withMount(image, async (mounted) => {
        const many = Buffer.from(`${mounted}/many/`)
        const stateOf = (name: Uint8Array) =>
          lstatSync(Buffer.concat([many, name]), { throwIfNoEntry: false })
        const isFound = ({ name, mtime }: (typeof files)[0]) => stateOf(name)?.mtimeMs === mtime * 1000

        // First adjacent names, since the kernel caches only eight blocks of listings; then random ones.
        files.sort((a, b) => Buffer.compare(a.name, b.name))
        expect(files.filter((file) => !isFound(file))).toEqual([])
        const scattered = Array.from({ length: 1000 }, (_, turn) => files[(turn * 7919) % files.length]!)
        expect(scattered.filter((file) => !isFound(file))).toEqual([])

        // For a missing name the kernel reads until the first byte differs, which is a large part of the listing.
        const absent = scattered
          .slice(0, 100)
          .map(({ name }) => Buffer.concat([name.subarray(0, 254), Buffer.from('!')]))
        expect(absent.filter((name) => stateOf(name) !== undefined)).toEqual([])

        const listed = readdirSync(many, { encoding: 'buffer' }).sort(Buffer.compare)
        expect(Buffer.concat(listed).equals(Buffer.concat(files.map(({ name }) => name)))).toBe(true)
      })
    })
  }, 600_000)

  it('10,000 subdirectories are found, and counted in the links of their parent', async () => {
    await withDirectory(async (directory) => {
      const image = join(directory, 'image.squashfs')
      const entries = Array.from({ length: 10_000 }, (_, index): Entry[] => [
        { type: 'directory', path: `d/${index}` },
        { type: 'file', path: `d/${index}/f`, content: '', mtime: index },
      ])
      await writeImage(entries.flat(), image)
      await withMount(image, async (mounted) => {
        expect(statSync(join(mounted, 'd')).nlink).toBe(10_002)
        const wrong = entries.filter((_, index) => {
          const found = lstatSync(join(mounted, `d/${index}/f`), { throwIfNoEntry: false })
          return found?.mtimeMs !== index * 1000
        })
        expect(wrong).toEqual([])
      })
    })
  })

  it('a listing may have distant inodes, such as those of hard links', async () => {
    await withDirectory(async (directory) => {
      const image = join(directory, 'image.squashfs')
      const file = (index: number): Entry => ({ type: 'file', path: `a/${index}`, content: '', mtime: index })
      const linked = [0, 1, 39_999, 2, 20_000, 39_998]
      await writeImage(
        [
          ...Array.from({ length: 40_000 }, (_, index) => file(index)),
          ...linked.map(
            (index, turn): Entry => ({ type: 'hardlink', path: `b/${turn}`, target: `a/${index}` }),
          ),
        ],
        image,
      )
      await withMount(image, async (mounted) => {
        for (const [turn, index] of linked.entries()) {
          const one = statSync(join(mounted, `a/${index}`))
          const other = statSync(join(mounted, `b/${turn}`))
          expect(other).toMatchObject({ ino: one.ino, mtimeMs: index * 1000, nlink: 2 })
        }
      })
    })
  })
})

describe('limits', () => {
  it('65,535 different owners fit; the kernel shows each', async () => {
    await withDirectory(async (directory) => {
      const image = join(directory, 'image.squashfs')
      await writeImage(owners(65_535), image)
      await withMount(image, async (mounted) => {
        const found = await survey(mounted, { contents: false })
        const files = [...found].filter(([, { type }]) => type === 'file')
        expect(files).toHaveLength(65_535)
        expect(files.filter(([key, { uid }]) => uid !== Number(basename(key)))).toEqual([])
      })
    })
  })

  it('one more is refused with an error that names the file and the remedy, and no image is written', async () => {
    await withDirectory(async (directory) => {
      const image = join(directory, 'image.squashfs')
      const error = await writeImage(owners(65_536), image).catch((reason: unknown) => reason)
      expect(error).toBeInstanceOf(LimitError)
      expect(error).toMatchObject({
        code: 'FORMAT_LIMIT',
        message: expect.stringMatching(/^\d+\/\d+: its owner \d+:0 .* 65535 .*owner: 'root'/),
      })
      await expect(stat(image)).rejects.toMatchObject({ code: 'ENOENT' })
    })
  })
})

describe('large files', () => {
  it('a sparse file of more than 4 GiB is read completely, and takes hardly any space on disk and in st_blocks', async () => {
    await withDirectory(async (directory) => {
      const source = join(directory, 'source')
      await mkdir(source)
      const size = 4 * GIB + 64 * MIB + 12_345
      const spots = [0, 1 * GIB - 1, 4 * GIB - 2, 4 * GIB + 77, size - 5]
      const file = openSync(join(source, 'sparse'), 'w')
      ftruncateSync(file, size)
      for (const spot of spots) writeSync(file, 'here!', spot)
      closeSync(file)

      const image = join(directory, 'image.squashfs')
      const { bytesOut, bytesIn } = await packDirectory(source, image)
      expect(bytesIn).toBe(size)
      expect(bytesOut).toBeLessThan(1 * MIB)
      await withMount(image, async (mounted) => {
        const copy = join(mounted, 'sparse')
        expect(statSync(copy).size).toBe(size)
        expect(statSync(copy).blocks * 512).toBeLessThan(2 * MIB)
        // Its words are at their places, and zeros everywhere else.
        const words = (spot: number) => [spot, spot + 1, spot + 2, spot + 3, spot + 4]
        expect(otherThanZeros(copy)).toEqual(
          spots.flatMap((spot) => words(spot).map((at, n) => [at, 'here!'.charCodeAt(n)])),
        )
      })
    })
  })

  it('files beyond 4 GiB in the image are read completely', async () => {
    await withDirectory(async (directory) => {
      const image = join(directory, 'image.squashfs')
      const block = Buffer.alloc(1 * MIB, 'the same megabyte over and over, not compressed. ')
      const count = 4 * KIB + 2
      async function* large() {
        for (let index = 0; index < count; index++) {
          block.writeUInt32LE(index)
          yield new Uint8Array(block)
        }
      }
      await writeImage(
        [
          { type: 'file', path: 'a', content: { size: count * MIB, open: large } },
          { type: 'file', path: 'b', content: 'in a fragment beyond 4 GiB' },
          { type: 'file', path: 'c', content: Buffer.alloc(3 * MIB, 'in blocks beyond 4 GiB') },
        ],
        image,
        { codec: uncompressed(), blockSize: 1 * MIB },
      )
      expect(statSync(image).size).toBeGreaterThan(4 * GIB)
      await withMount(image, async (mounted) => {
        expect(statSync(join(mounted, 'a')).size).toBe(count * MIB)
        for (const index of [0, 1, 4095, count - 1]) {
          block.writeUInt32LE(index)
          expect(readAt(join(mounted, 'a'), index * MIB, 1 * MIB).equals(block)).toBe(true)
        }
        expect(readFileSync(join(mounted, 'b'), 'utf8')).toBe('in a fragment beyond 4 GiB')
        expect(readFileSync(join(mounted, 'c')).equals(Buffer.alloc(3 * MIB, 'in blocks beyond 4 GiB'))).toBe(
          true,
        )
      })
    })
  })

  it('files of zeros of any size take no space and are read as zeros', async () => {
    await withDirectory(async (directory) => {
      const image = join(directory, 'image.squashfs')
      const sizes = [1, 4095, 128 * KIB, 128 * KIB + 1, 2 * MIB, 2 * MIB + 1, 3 * MIB + 5, 20 * MIB]
      // Each size twice, with different ends, so that contents of one size are compared.
      const entries = sizes.flatMap((size): Entry[] => {
        const other = new Uint8Array(size)
        other[size - 1] = 1
        return [
          { type: 'file', path: `zeros-${size}`, content: new Uint8Array(size) },
          { type: 'file', path: `other-${size}`, content: other },
        ]
      })
      const { bytesOut } = await writeImage(entries, image)
      expect(bytesOut).toBeLessThan(64 * KIB)
      await withMount(image, async (mounted) => {
        for (const size of sizes) {
          const zeros = readFileSync(join(mounted, `zeros-${size}`))
          expect([size, zeros.length, zeros.every((byte) => byte === 0)]).toEqual([size, size, true])
          const other = readFileSync(join(mounted, `other-${size}`))
          expect([size, other.length, other.indexOf(1)]).toEqual([size, size, size - 1])
        }
      })
    })
  })
})

describe('duplicates', () => {
  it('equal files are written once and counted; files that differ in one byte are not shared', async () => {
    await withTmpfs(async (scratch) => {
      const image = join(scratch, 'image.squashfs')
      const noise = (seed: number, size: number) => {
        const bytes = Buffer.alloc(size)
        for (let at = 0; at < size; at += 32) {
          createHash('sha256').update(`${seed} ${at}`).digest().copy(bytes, at)
        }
        return bytes
      }
      const large = noise(1, 5 * MIB + 3)
      const differing = [0, 1 * MIB, 5 * MIB + 2].map((at) => {
        const copy = Buffer.from(large)
        copy[at]! ^= 1
        return copy
      })
      const contents = [large, large, ...differing, large, noise(2, 100), noise(2, 100), noise(3, 100)]
      const result = await writeImage(
        contents.map((content, index): Entry => ({ type: 'file', path: `${index}`, content })),
        image,
      )
      expect(result.duplicates).toEqual({ files: 3, bytes: 2 * large.length + 100 })
      expect(result.bytesOut).toBeLessThan(4.2 * large.length)
      await withMount(image, async (mounted) => {
        const same = contents.map((content, index) => readFileSync(join(mounted, `${index}`)).equals(content))
        expect(same).toEqual(contents.map(() => true))
      })
    })
  })

  it('different contents are never shared, even if they are constructed to have the same digest of parts', async () => {
    await withDirectory(async (directory) => {
      const image = join(directory, 'image.squashfs')
      const tail = Buffer.alloc(1000, 'abc')
      const large = Buffer.concat([Buffer.alloc(2 * MIB), tail])
      const position = Buffer.alloc(8)
      position.writeDoubleLE(2 * MIB)
      const small = Buffer.concat([position, tail])
      // Each once more with another end, since only contents of equal size are compared.
      const contents = [large, small].flatMap((content) => {
        const other = Buffer.from(content)
        other[other.length - 1]! ^= 1
        return [content, other]
      })
      const entries = contents.map((content, index): Entry => ({ type: 'file', path: `${index}`, content }))
      const { duplicates } = await writeImage(entries, image)
      expect(duplicates).toEqual({ files: 0, bytes: 0 })
      await withMount(image, async (mounted) => {
        const same = contents.map((content, index) => readFileSync(join(mounted, `${index}`)).equals(content))
        expect(same).toEqual([true, true, true, true])
      })
    })
  })

  it('without deduplication every copy is written', async () => {
    const content = createHash('sha512').update('x').digest()
    const large = Buffer.concat(
      Array.from({ length: 4096 }, (_, n) => createHash('sha512').update(content).update(`${n}`).digest()),
    )
    const entries: Entry[] = ['a', 'b'].map((path) => ({ type: 'file', path, content: large }))
    const once = await writeImage(entries, memorySink())
    const twice = await writeImage(entries, memorySink(), { deduplicate: false })
    expect(once.duplicates.files).toBe(1)
    expect(twice.duplicates.files).toBe(0)
    expect(twice.bytesOut).toBeGreaterThan(once.bytesOut + 0.9 * large.length)
  })
})

describe('extended attributes in the image', () => {
  it('a large value that many files share is written once', async () => {
    await withTmpfs(async (scratch) => {
      const image = join(scratch, 'image.squashfs')
      const value = Buffer.concat(
        Array.from({ length: 1024 }, (_, n) => createHash('sha512').update(`${n}`).digest()),
      )
      expect(value.length).toBe(64 * KIB)
      const entries = Array.from({ length: 50 }, (_, index): Entry => {
        const xattrs = { 'user.shared': value, 'user.own': `${index}` }
        return { type: 'file', path: `${index}`, content: 'x', xattrs }
      })
      const { bytesOut } = await writeImage(entries, image)
      expect(bytesOut).toBeLessThan(2 * value.length)
      await withMount(image, async (mounted) => {
        const found = await survey(mounted)
        for (let index = 0; index < 50; index++) {
          const { xattrs } = found.get(`${index}`)!
          expect(value.equals(xattrs.get('user.shared')!)).toBe(true)
          expect(Buffer.from(xattrs.get('user.own')!).toString()).toBe(`${index}`)
        }
      })
    })
  })

  it('10,000 files with the same set share one, and 3,000 different sets are distinguished', async () => {
    await withDirectory(async (directory) => {
      const image = join(directory, 'image.squashfs')
      const entries = Array.from({ length: 13_000 }, (_, index): Entry => {
        const value = index < 10_000 ? 'same' : `${index}`
        return { type: 'file', path: `${index}`, content: '', xattrs: { 'user.a': value, 'security.b': 'b' } }
      })
      await writeImage(entries, image)
      expect(await superblock(image)).toContain('Number of xattr ids 3001')
      await withMount(image, async (mounted) => {
        const found = await survey(mounted)
        const wrong = entries.filter((_, index) => {
          const value = found.get(`${index}`)?.xattrs.get('user.a')
          return Buffer.from(value ?? []).toString() !== (index < 10_000 ? 'same' : `${index}`)
        })
        expect(wrong).toEqual([])
      })
    })
  })
})

describe('the export table', () => {
  it('allows files to be opened by handle after a new mount, as an NFS server does', async () => {
    await withDirectory(async (directory) => {
      const image = join(directory, 'image.squashfs')
      // More inodes than fit in one block of the table.
      const model = thoroughTree({ blockSize: 4 * KIB })
      const more = Array.from({ length: 1_500 }, (_, n): Entry => ({ type: 'fifo', path: `more/${n}` }))
      await writeImage([...entriesOf(model), ...more], image, { blockSize: 4 * KIB })
      const [handles, expected] = await withMount(image, async (mounted) => {
        const taken = await takeHandles(mounted)
        const states = Object.keys(taken).map((key) => {
          const { ino, mode, size } = lstatSync(under(mounted, key))
          return [key, [ino, mode, size]]
        })
        return [taken, Object.fromEntries(states)]
      })
      expect(Object.keys(handles).length).toBe(model.size + 1_501)
      const opened = await withMount(image, (mounted) => openHandles(mounted, handles))
      expect(opened).toEqual(expected)
    })
  })

  it('can be left out: the kernel then gives no handles', async () => {
    await withDirectory(async (directory) => {
      const image = join(directory, 'image.squashfs')
      await writeImage([{ type: 'file', path: 'a', content: 'a' }], image, { exportable: false })
      await withMount(image, async (mounted) => {
        await expect(takeHandles(mounted)).rejects.toThrow(/name_to_handle_at: Operation not supported/)
      })
    })
  })
})

async function expectThoroughTreeToArrive(options: ImageOptions, blockSize = 128 * KIB): Promise<void> {
  await withDirectory(async (scratch) => {
    const image = join(scratch, 'image.squashfs')
    const { model, expected } = thoroughTreeFor(blockSize)
    await writeImage(entriesOf(model), image, options)
    expect(await judges.judge(image, expected, scratch, { offset: options.offset ?? 0 })).toEqual([])
  }, tmpfs)
}

/** The thorough tree for a block size. Its contents are digested once. */
function thoroughTreeFor(blockSize: number): ThoroughTree {
  const known = thoroughTrees.get(blockSize)
  if (known) return known
  const model = thoroughTree({ blockSize })
  const tree = { model, expected: expectedState(model) }
  thoroughTrees.set(blockSize, tree)
  return tree
}

interface ThoroughTree {
  readonly model: TreeModel
  readonly expected: TreeState
}

const thoroughTrees = new Map<number, ThoroughTree>()

/** The superblock as unsquashfs prints it. */
async function superblock(image: string): Promise<string> {
  const { stdout } = await run('unsquashfs', ['-stat', image])
  return stdout.toString('utf8')
}

/** Unsorted names of very different lengths, some with bytes beyond ASCII. */
function manyNames(index: number): Buffer {
  const number = String((index * 48_271) % 2_147_483_647)
  if (index % 7 === 0) return Buffer.from(`\xff${number}`, 'latin1')
  if (index % 11 === 0) return Buffer.from(`${number}é${index}`)
  if (index % 101 === 0) return Buffer.from(number.padEnd(255, 'long'))
  return Buffer.from(number)
}

/** A file of each owner, named by its number, in short directories, since the kernel looks up each name. */
function* owners(count: number): Generator<Entry> {
  for (let uid = 0; uid < count; uid++) yield { type: 'file', path: `${uid >> 8}/${uid}`, content: '', uid }
}

/** Reads a whole file, and returns the positions and values of all bytes that are not zero. */
function otherThanZeros(path: string): [position: number, byte: number][] {
  const file = openSync(path, 'r')
  try {
    const found: [number, number][] = []
    const [bytes, zeros] = [Buffer.alloc(4 * MIB), Buffer.alloc(4 * MIB)]
    for (let at = 0; ; ) {
      const count = readSync(file, bytes, 0, bytes.length, at)
      if (count === 0) return found
      if (bytes.compare(zeros, 0, count, 0, count) !== 0)
        for (let n = 0; n < count; n++) if (bytes[n] !== 0) found.push([at + n, bytes[n]!])
      at += count
    }
  } finally {
    closeSync(file)
  }
}

function readAt(path: string, position: number, length: number): Buffer {
  const file = openSync(path, 'r')
  const bytes = Buffer.alloc(length)
  let read = 0
  while (read < length) {
    const count = readSync(file, bytes, read, length - read, position + read)
    if (count === 0) break
    read += count
  }
  closeSync(file)
  return bytes.subarray(0, read)
}
