/** Tests the limits of the format with the kernel. Those that take long to reach are in large.borders.ts. */
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { linkSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  createTree,
  differences,
  expectedState,
  judgeByKernel,
  requireTools,
  run,
  survey,
  type TreeState,
  thoroughTree,
  withDeepDirectory,
  withDirectory,
  withMount,
  withTmpfs,
} from 'fixtures'
import { type Entry, packDirectory, writeImage } from 'squashfs-writer'
import { describe, expect, it } from 'vitest'

const KIB = 1024
const BLOCK_SIZES = [4, 8, 16, 32, 64, 128, 256, 512, 1024].map((kib) => kib * KIB)

describe('a path longer than the 4,096 bytes that the kernel accepts', () => {
  const names = Array.from({ length: 60 }, (_, level) => `${level}-`.padEnd(100, 'deep'))
  const path = names.join('/')

  it('is packed from a directory, with everything below it', async () => {
    await withDeepTree(async (source, scratch) => {
      const image = join(scratch, 'image.squashfs')
      const { hardLinks, symlinks } = await packDirectory(source, image)
      expect({ hardLinks, symlinks }).toEqual({ hardLinks: 1, symlinks: 1 })
      const before = await survey(source)
      expect(before.get(`${path}/file`)?.xattrs.has('user.deep')).toBe(true)
      expect(await unlikeMounted(before, image)).toEqual([])
      const { stdout } = await run('unsquashfs', ['-lls', image])
      expect(stdout.toString()).toContain(`/${path}/file\n`)
    })
  })

  it('is matched by patterns, by name and as a whole', async () => {
    await withDeepTree(async (source, scratch) => {
      const image = join(scratch, 'image.squashfs')
      const before = await survey(source)
      const without = (...gone: string[]) => new Map([...before].filter(([key]) => !gone.includes(key)))

      await packDirectory(source, image, { exclude: ['*.a', `${path}/symlink`] })
      expect(await unlikeMounted(without(`${path}/library.a`, `${path}/symlink`), image)).toEqual([])

      await packDirectory(source, image, { include: [`${path}/library.a`] })
      const wanted = without('top', `${path}/file`, `${path}/symlink`)
      expect(await unlikeMounted(wanted, image)).toEqual([])
    })
  })

  it('may be that of the packed directory, or of a file in an entry', async () => {
    await withDeepTree(async (source, scratch) => {
      const image = join(scratch, 'image.squashfs')
      expect(await packDirectory(join(source, path), image)).toMatchObject({ files: 2, symlinks: 1 })
      const content = { file: join(source, path, 'file') }
      await writeImage([{ type: 'file', path: 'copy', content }], image)
      await withMount(image, async (mounted) => {
        expect((await survey(mounted)).get('copy')?.sha256).toBe(sumOf('at the bottom'))
      })
    })
  })

  it('may be that of an entry, with names of one or hundreds of bytes', async () => {
    await withDirectory(async (directory) => {
      const image = join(directory, 'image.squashfs')
      const paths = [`${path}/file`, `${'d/'.repeat(2_500)}file`, `${`${'n'.repeat(255)}/`.repeat(17)}file`]
      const entries = paths.map((long): Entry => ({ type: 'file', path: long, content: long, mtime: 5 }))
      const { inodes } = await writeImage(entries, image)
      expect(inodes).toBe(1 + 61 + 2_501 + 18)
      await withMount(image, async (mounted) => {
        const found = await survey(mounted)
        expect(found.size).toBe(inodes)
        expect(paths.map((long) => found.get(long)?.sha256)).toEqual(paths.map(sumOf))
        expect([...found.values()].flatMap(({ errors }) => errors ?? [])).toEqual([])
      })
    })
  })

  async function withDeepTree(use: (source: string, scratch: string) => Promise<void>): Promise<void> {
    await requireTools(['setfattr'])
    await withTmpfs(async (scratch) => {
      const source = join(scratch, 'source')
      mkdirSync(source)
      withDeepDirectory(source, names, (innermost) => {
        writeFileSync(`${innermost}/file`, 'at the bottom')
        writeFileSync(`${innermost}/library.a`, 'left out at times')
        symlinkSync('file', `${innermost}/symlink`)
        linkSync(`${innermost}/file`, join(source, 'top'))
        execFileSync('setfattr', ['-n', 'user.deep', '-v', 'value', `${innermost}/file`])
      })
      await use(source, scratch)
    })
  }
})

describe('files of 0, 1, block - 1, block and block + 1 bytes', () => {
  it.each(BLOCK_SIZES)('packed from a directory with blocks of %i bytes', async (blockSize) => {
    await withTmpfs(async (scratch) => {
      const model = new Map([...thoroughTree({ blockSize })].filter(([key]) => /^(\.|sizes)/.test(key)))
      const source = join(scratch, 'source')
      mkdirSync(source)
      await createTree(model, source)
      const image = join(scratch, 'image.squashfs')
      await packDirectory(source, image, { blockSize })
      expect(await judgeByKernel(image, expectedState(model))).toEqual([])
    })
  })
})

describe('times that squashfs cannot hold', () => {
  it('are clamped in entries, too, with a warning for each', async () => {
    await withDirectory(async (directory) => {
      const image = join(directory, 'image.squashfs')
      const times = [-1e15, -1, -0.5, 0, 0.5, 2 ** 32 - 1, 2 ** 32 - 0.5, 2 ** 32, 1e15]
      const entries = times.map((mtime, index): Entry => ({ type: 'fifo', path: `${index}`, mtime }))
      const { warnings } = await writeImage(entries, image)
      expect(warnings.map(({ code, path }) => [code, path])).toEqual(
        ['0', '1', '2', '7', '8'].map((path) => ['CLAMPED_TIME', path]),
      )
      await withMount(image, async (mounted) => {
        const found = await survey(mounted)
        const last = 2 ** 32 - 1
        const held = [0, 0, 0, 0, 0, last, last, last, last]
        expect(times.map((_, index) => found.get(`${index}`)?.mtime)).toEqual(held)
      })
    })
  })
})

describe('extended attributes', () => {
  it('60,000 different sets, and different values of 64 KiB, are distinguished', async () => {
    await withDirectory(async (directory) => {
      const image = join(directory, 'image.squashfs')
      const path = (index: number) => `${index % 600}/${index}`
      const large = (index: number) => Buffer.alloc(64 * KIB, `a value of its own: ${index} `)
      const sets = Array.from({ length: 60_000 }, (_, index): Record<string, string | Buffer> => {
        const set = { [`user.${index % 100}`]: `value ${index}`, 'trusted.of all': 'the same for all' }
        return index % 1000 === 0 ? { ...set, 'security.large': large(index) } : set
      })
      await writeImage(
        sets.map((xattrs, index): Entry => ({ type: 'file', path: path(index), content: '', xattrs })),
        image,
      )
      const { stdout } = await run('unsquashfs', ['-stat', image])
      expect(stdout.toString()).toContain('Number of xattr ids 60000\n')
      await withMount(image, async (mounted) => {
        const found = await survey(mounted)
        const wrong = sets.filter((set, index) => {
          const got = found.get(path(index))?.xattrs ?? new Map<string, Uint8Array>()
          const names = Object.keys(set)
          return got.size !== names.length || !names.every((name) => same(got.get(name), set[name]!))
        })
        expect(wrong.slice(0, 3)).toEqual([])
      })
    })
  })
})

describe('fragment blocks', () => {
  it('more than 2^16 of them are read back by their files', async () => {
    await withTmpfs(async (scratch) => {
      const image = join(scratch, 'image.squashfs')
      const count = 2 ** 16 + 100
      const path = (index: number) => `${index % 600}/${index}`
      // Two of them do not fit in one block.
      const content = (index: number) => Buffer.alloc(2 * KIB + 1, `${index} `)
      function* entries(): Generator<Entry> {
        for (let index = 0; index < count; index++) {
          yield { type: 'file', path: path(index), content: content(index) }
        }
      }
      const { fragments } = await writeImage(entries(), image, { blockSize: 4 * KIB })
      expect(fragments).toBe(count)
      await withMount(image, async (mounted) => {
        const found = await survey(mounted)
        const indices = Array.from({ length: count }, (_, index) => index)
        const wrong = indices.filter((index) => found.get(path(index))?.sha256 !== sumOf(content(index)))
        expect(wrong.slice(0, 3)).toEqual([])
      })
    })
  })
})

async function unlikeMounted(expected: TreeState, image: string): Promise<string[]> {
  return withMount(image, async (mounted) => {
    // Links are counted separately: the omitted file may have been one of them.
    const facets = ['type', 'mode', 'owner', 'mtime', 'content', 'target', 'xattrs'] as const
    return differences(expected, await survey(mounted), facets)
  })
}

function same(found: Uint8Array | undefined, wanted: string | Buffer): boolean {
  return found !== undefined && Buffer.from(wanted).equals(found)
}

function sumOf(content: string | Buffer): string {
  return createHash('sha256').update(content).digest('hex')
}
