/** Tests that the same tree and options give the same image, byte for byte, wherever it is packed. */
import { createHash } from 'node:crypto'
import {
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import {
  createTree,
  entriesOf,
  KEPT_MEMORY,
  NODE_VERSIONS,
  nodeBinary,
  run,
  type TreeModel,
  thoroughTree,
  withDirectory,
  withMount,
  withTmpfs,
} from 'fixtures'
import {
  type Codec,
  gzip,
  type ImageOptions,
  memorySink,
  packDirectory,
  portableGzip,
  uncompressed,
  writeImage,
  zstd,
} from 'squashfs-writer'
import { afterEach, describe, expect, it } from 'vitest'

const MIB = 1024 * 1024
const EPOCH = process.env.SOURCE_DATE_EPOCH

const CODECS: readonly (readonly [string, Codec])[] = [
  ['zstd', zstd()],
  ['bundled zstd', zstd({ encoder: 'bundled' })],
  ['gzip', gzip({ level: 6 })],
  ['portable gzip', portableGzip({ level: 6 })],
  ['none', uncompressed()],
]

afterEach(() => {
  if (EPOCH === undefined) delete process.env.SOURCE_DATE_EPOCH
  else process.env.SOURCE_DATE_EPOCH = EPOCH
})

describe.each(CODECS)('an image with %s is the same', (_, codec) => {
  it('for 1, 2 and 8 threads, packed from a directory and written from entries, again and again', async () => {
    const model = thoroughTree({ blockSize: 65_536 })
    await withTreeOf(model, async (source) => {
      const ways = [1, 2, 8, 1, 8].flatMap((threads) => {
        const options = { codec, threads, blockSize: 65_536 }
        return [() => packed(source, options), () => written(model, options)]
      })
      const sums: string[] = []
      for (const way of ways) sums.push(await way())
      // On a disk every symlink has mode 0777, so the two sources have different sums.
      expect(new Set(sums.filter((_, turn) => turn % 2 === 0)).size).toBe(1)
      expect(new Set(sums.filter((_, turn) => turn % 2 === 1)).size).toBe(1)
    })
  })
})

describe('an image is the same', () => {
  it('of so many files that a worker is spawned on two cores, on one core, two and eight', async () => {
    await withTmpfs(async (source) => {
      for (let directory = 0; directory < 90; directory++) {
        mkdirSync(join(source, `${directory}`))
        for (let file = 0; file < 500; file++)
          writeFileSync(join(source, `${directory}`, `${file}`), `${(directory * 500 + file) % 40_000}`)
      }
      const sums: string[] = []
      for (const threads of [1, 2, 8]) sums.push(await packed(source, { threads }))
      expect(new Set(sums).size).toBe(1)
    })
  })

  it('if it is packed from the mounted image', async () => {
    await withTreeOf(thoroughTree({ blockSize: 131_072 }), async (source, scratch) => {
      for (const fragments of ['small-files', 'always', 'never'] as const) {
        const image = join(scratch, `${fragments}.squashfs`)
        await packDirectory(source, image, { fragments })
        const again = await withMount(image, (mounted) => packed(mounted, { fragments }))
        expect(again).toBe(sumOf(readFileSync(image)))
      }
    })
  })

  it('if the holes of its files are written as zeros', async () => {
    await withTmpfs(async (scratch) => {
      const [sparse, full] = [join(scratch, 'sparse'), join(scratch, 'full')]
      for (const directory of [sparse, full]) {
        mkdirSync(directory)
        for (const size of [100_000, 3 * MIB, 3 * MIB + 100, 9 * MIB + 1]) {
          const path = join(directory, `${size}`)
          writeFileSync(path, 'the beginning')
          if (directory === sparse) truncateSync(path, size)
          else writeFileSync(path, Buffer.concat([Buffer.from('the beginning'), Buffer.alloc(size - 13)]))
          utimesSync(path, 1, 1)
        }
        utimesSync(directory, 1, 1)
      }
      for (const fragments of ['small-files', 'always', 'never'] as const) {
        expect(await packed(sparse, { fragments })).toBe(await packed(full, { fragments }))
      }
    })
  })

  it('if the same files were created in another order', async () => {
    await withDirectory(async (directory) => {
      const names = Array.from({ length: 500 }, (_, index) => `${(index * 7919) % 1009}`)
      const sums: string[] = []
      for (const [turn, order] of [names, [...names].reverse(), [...names].sort()].entries()) {
        const source = join(directory, `${turn}`)
        mkdirSync(source)
        for (const name of order) {
          writeFileSync(join(source, name), name.repeat(10))
          utimesSync(join(source, name), 1, 1)
        }
        utimesSync(source, 1, 1)
        sums.push(await packed(source))
      }
      expect(new Set(sums).size).toBe(1)
    })
  })

  it('if its entries are given in another order', async () => {
    const model = thoroughTree({ blockSize: 65_536 })
    // A hard link comes after its target.
    const links = entriesOf(model).filter(({ type }) => type === 'hardlink')
    const rest = entriesOf(model).filter(({ type }) => type !== 'hardlink')
    const sink = memorySink()
    await writeImage([...rest.reverse(), ...links.reverse()], sink, { blockSize: 65_536 })
    expect(sumOf(sink.bytes())).toBe(await written(model, { blockSize: 65_536 }))
  })

  it('with SOURCE_DATE_EPOCH for trees that differ only in later times', async () => {
    await withDirectory(async (directory) => {
      process.env.SOURCE_DATE_EPOCH = '1000000000'
      const sums: string[] = []
      for (const [turn, time] of [1_100_000_000, 1_200_000_000].entries()) {
        const source = join(directory, `${turn}`)
        mkdirSync(join(source, 'sub'), { recursive: true })
        for (const name of ['a', 'sub/b']) writeFileSync(join(source, name), name)
        for (const name of ['a', 'sub/b', 'sub', '.']) utimesSync(join(source, name), time, time)
        sums.push(await packed(source))
      }
      expect(new Set(sums).size).toBe(1)
      delete process.env.SOURCE_DATE_EPOCH
      expect(await packed(join(directory, '0'))).not.toBe(sums[0])
    })
  })

  it('for any path of the directory and the image', async () => {
    await withDirectory(async (directory) => {
      const [one, other] = [join(directory, 'one'), join(directory, 'somewhere else', 'other')]
      mkdirSync(one)
      writeFileSync(join(one, 'a'), 'a')
      utimesSync(join(one, 'a'), 1, 1) // a copy's time is rounded to milliseconds
      utimesSync(one, 1, 1)
      mkdirSync(join(directory, 'somewhere else'))
      cpSync(one, other, { recursive: true, preserveTimestamps: true })
      utimesSync(other, 1, 1)
      expect(await packed(one)).toBe(await packed(other))
    })
  })
})

describe('every supported version of Node writes the same image', () => {
  it(`${NODE_VERSIONS.join(', ')} and the current one, with 1, 2 and 8 threads, from two directories filled in different order`, async () => {
    const model = thoroughTree({ blockSize: 131_072 })
    await withTreeOf(model, async (source, scratch) => {
      const other = join(scratch, 'a', 'longer way', 'to the same tree')
      mkdirSync(other, { recursive: true })
      await createTree(inAnotherOrder(model), other)
      expect(await namesAsTheyLie(other)).not.toEqual(await namesAsTheyLie(source))
      expect(readdirSync(other).sort()).toEqual(readdirSync(source).sort())

      const script = join(scratch, 'pack.mjs')
      writeFileSync(
        script,
        `import { createHash } from 'node:crypto'
         const writer = await import(${JSON.stringify(import.meta.resolve('squashfs-writer'))})
         const own = process.versions.zstd && { encoder: 'node' }
         const codecs = {
           'bundled zstd 3': writer.zstd({ encoder: 'bundled' }),
           'bundled zstd 19': writer.zstd({ encoder: 'bundled', level: 19 }),
           ...(own && { 'zstd 1': writer.zstd({ ...own, level: 1 }), 'zstd 3': writer.zstd(own) }),
           ...(own && { 'zstd 9': writer.zstd({ ...own, level: 9 }) }),
           'portable gzip': writer.portableGzip(),
           none: writer.uncompressed(),
         }
         const [one, other] = process.argv.slice(2)
         const ways = [[one, 1], [one, 2], [one, 8], [other, 2]]
         const sums = {}
         for (const [name, codec] of Object.entries(codecs)) {
           const found = new Set()
           // Codecs that take long are used once for each directory.
           for (const [directory, threads] of ways.filter(([, threads]) => !/19|gzip/.test(name) || threads === 2)) {
             const sink = writer.memorySink()
             await writer.packDirectory(directory, sink, { codec, threads })
             found.add(createHash('sha256').update(sink.bytes()).digest('hex'))
           }
           sums[name] = [...found]
         }
         console.log(JSON.stringify({ version: process.version, zstd: process.versions.zstd ?? null, sums }))`,
      )
      const answers: { version: string; zstd: string | null; sums: Record<string, string[]> }[] = []
      for (const node of [process.execPath, ...(await binaries())]) {
        const { stdout } = await run(node, [script, source, other], { env: KEPT_MEMORY })
        answers.push(JSON.parse(stdout.toString()))
      }
      expect(answers.slice(1).map(({ version }) => version)).toEqual(
        NODE_VERSIONS.map((version) => `v${version}`),
      )
      /** The images by codec, and by the version of zstd if it is Node's own. */
      const images = new Map<string, Set<string>>()
      for (const { zstd, sums } of answers)
        for (const [codec, found] of Object.entries(sums)) {
          const key = codec.startsWith('zstd') ? `${codec} by ${zstd}` : codec
          images.set(key, new Set([...(images.get(key) ?? []), ...found]))
        }
      expect([...images].filter(([, found]) => found.size !== 1)).toEqual([])
      for (const codec of ['bundled zstd 3', 'bundled zstd 19', 'portable gzip', 'none'])
        expect(
          answers.every(({ sums }) => codec in sums),
          codec,
        ).toBe(true)
      for (const { zstd, sums } of answers) expect('zstd 3' in sums).toBe(zstd !== null)
      expect(answers.some(({ zstd }) => zstd !== null)).toBe(true)
    })
  }, 600_000)

  it('except with gzip, for which the documentation says so', () => {
    const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8').replace(/\s+/g, ' ')
    expect(readme).toContain(
      "`gzip` uses Node's own zlib, whose bytes may change from one version of Node to another",
    )
  })
})

/** The names of a directory in the order of the filesystem. */
async function namesAsTheyLie(directory: string): Promise<string> {
  const { stdout } = await run('ls', ['-U', directory])
  return stdout.toString('latin1')
}

/** The same tree, with the entries of each directory created in the opposite order. */
function inAnotherOrder(model: TreeModel): TreeModel {
  const links = [...model].filter(([, { type }]) => type === 'hard-link')
  const rest = [...model].filter(([, { type }]) => type !== 'hard-link')
  const depth = (key: string) => (key === '.' ? 0 : key.split('/').length)
  const byDepth = rest.reverse().sort(([a], [b]) => depth(a) - depth(b))
  return new Map([...byDepth, ...links.reverse()])
}

async function binaries(): Promise<string[]> {
  const found: string[] = []
  for (const version of NODE_VERSIONS) found.push(await nodeBinary(version))
  return found
}

async function withTreeOf(
  model: TreeModel,
  use: (source: string, scratch: string) => Promise<void>,
): Promise<void> {
  await withTmpfs(async (scratch) => {
    const source = join(scratch, 'source')
    mkdirSync(source)
    await createTree(model, source)
    await use(source, scratch)
  })
}

async function packed(source: string, options: ImageOptions = {}): Promise<string> {
  const sink = memorySink()
  await packDirectory(source, sink, options)
  return sumOf(sink.bytes())
}

async function written(model: TreeModel, options: ImageOptions): Promise<string> {
  const sink = memorySink()
  await writeImage(entriesOf(model), sink, options)
  return sumOf(sink.bytes())
}

function sumOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
