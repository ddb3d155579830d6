/**
 * Tests our reader on images of ours, of mksquashfs and of gensquashfs, compared with the source.
 *
 * READ_TREES sets the number of random trees; PROPERTY_SEED and PROPERTY_PATH repeat one.
 */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import {
  aHostileTree,
  asOnDisk,
  createTree,
  differences,
  EVERY_FACET,
  expectedState,
  type Facet,
  readBack,
  requireTools,
  run,
  type TreeState,
  thoroughTree,
  withDirectory,
  withTmpfs,
} from 'fixtures'
import { writeImage } from 'squashfs-writer'
import { type ImageInode, InodeType, nameAt, openImage } from 'squashfs-writer/read'
import { describe, expect, it } from 'vitest'

const TREES = Number(process.env.READ_TREES ?? 100)
const REPEAT = {
  ...(process.env.PROPERTY_SEED ? { seed: Number(process.env.PROPERTY_SEED) } : {}),
  ...(process.env.PROPERTY_PATH ? { path: process.env.PROPERTY_PATH } : {}),
}

async function verified(path: string): Promise<unknown> {
  const image = await openImage(path)
  try {
    return (await image.verify()).problems
  } finally {
    await image.close()
  }
}

it(
  `${TREES} random trees of ours are read back as they were written, and verified`,
  async () => {
    await withTmpfs(async (tmpfs) => {
      const property = fc.asyncProperty(
        aHostileTree({ maxNodes: 30, maxBytes: 4 << 20 }),
        ({ tree, options }) =>
          withDirectory(async (scratch) => {
            const image = join(scratch, 'image.squashfs')
            await writeImage(tree.entries(), image, options)
            expect(differences(expectedState(tree.model), await readBack(image))).toEqual([])
            expect(await verified(image)).toEqual([])
            await expectSameColumns(image)
          }, tmpfs),
      )
      await fc.assert(property, { numRuns: TREES, ...REPEAT })
    })
  },
  300_000 + TREES * 2000,
)

/** The columns have the same names as the walk. */
async function expectSameColumns(path: string): Promise<void> {
  const image = await openImage(path)
  try {
    const byName: object[] = []
    for await (const { path, names } of image.walk())
      for (const { name, inode } of names)
        byName.push({
          name: path === '' ? name : `${path}/${name}`,
          type: inode.type,
          mode: inode.head.mode,
          links: inode.links,
          uid: inode.uid,
          gid: inode.gid,
          mtime: inode.head.mtime,
          number: inode.head.number,
          size: sizeOf(inode),
          reference: inode.reference,
        })
    const byColumn: object[] = []
    await image.columns('', { recursive: true }, ({ path, columns }) => {
      for (let row = 0; row < columns.count; row++)
        byColumn.push({
          name: path === '' ? nameAt(columns, row) : `${path}/${nameAt(columns, row)}`,
          type: columns.types[row],
          mode: columns.modes[row],
          links: columns.links[row],
          uid: columns.uids[row],
          gid: columns.gids[row],
          mtime: columns.mtimes[row],
          number: columns.numbers[row],
          size: columns.sizes[row],
          reference: columns.references[row],
        })
    })
    expect(byColumn).toEqual(byName)
  } finally {
    await image.close()
  }
}

function sizeOf(inode: ImageInode): number {
  switch (inode.type) {
    case InodeType.FILE:
      return inode.size
    case InodeType.DIRECTORY:
      return inode.listingSize + 3
    case InodeType.SYMLINK:
      return inode.target.length
    default:
      return 0
  }
}

interface Maker {
  readonly program: 'mksquashfs' | 'gensquashfs'
  readonly args: (tree: string, image: string) => readonly string[]
  /** Attributes that the program does not write unchanged. */
  readonly without?: readonly Facet[]
  readonly changes?: (state: TreeState) => TreeState
}

const mksquashfs = (...options: string[]): Maker => ({
  program: 'mksquashfs',
  args: (tree, image) => [tree, image, '-quiet', '-no-progress', ...options],
})

/** It turns each hard link into a file, leaves out xattrs without a value, and makes root the owner of the root. */
const gensquashfs = (...options: string[]): Maker => ({
  program: 'gensquashfs',
  args: (tree, image) => [
    '--quiet',
    '--pack-dir',
    tree,
    '--keep-time',
    '--keep-xattr',
    '--force',
    ...options,
    image,
  ],
  without: ['links', 'hard-links'],
  changes: (state) =>
    new Map(
      [...state].map(([key, node]) => {
        const xattrs = new Map([...node.xattrs].filter(([, value]) => value.length > 0))
        return [key, { ...node, xattrs, ...(key === '.' ? { uid: 0, gid: 0 } : {}) }]
      }),
    ),
})

const MAKERS: readonly (readonly [string, Maker])[] = [
  ['mksquashfs, zstd, 4 KiB', mksquashfs('-comp', 'zstd', '-b', '4096')],
  ['mksquashfs, zstd, 1 MiB, no fragments', mksquashfs('-comp', 'zstd', '-b', '1M', '-no-fragments')],
  ['mksquashfs, gzip, 128 KiB, all tails packed', mksquashfs('-comp', 'gzip', '-always-use-fragments')],
  ['mksquashfs, gzip, 64 KiB, no export table', mksquashfs('-comp', 'gzip', '-b', '64K', '-no-exports')],
  [
    'mksquashfs, nothing compressed',
    mksquashfs('-comp', 'zstd', '-noI', '-noD', '-noF', '-noX', '-b', '16K'),
  ],
  ['gensquashfs, zstd, 4 KiB', gensquashfs('--compressor', 'zstd', '--block-size', '4096')],
  [
    'gensquashfs, zstd, 1 MiB, export table',
    gensquashfs('--compressor', 'zstd', '--block-size', '1M', '--exportable'),
  ],
  ['gensquashfs, gzip, 128 KiB', gensquashfs('--compressor', 'gzip')],
]

describe('a tree with one of everything is read back from an image made by', () => {
  it.each(MAKERS)('%s', async (_, { program, args, without = [], changes = (state) => state }) => {
    await requireTools([program])
    await withTmpfs(async (directory) => {
      // mksquashfs turns a symlink with two names into two symlinks.
      const model = new Map(thoroughTree({ blockSize: 4096 }))
      model.delete('links/symlinks-nowhere')
      const [tree, image] = [join(directory, 'tree'), join(directory, 'image.squashfs')]
      await mkdir(tree)
      await createTree(model, tree)
      await run(program, args(tree, image))
      const facets = EVERY_FACET.filter((facet) => !without.includes(facet))
      expect(differences(changes(asOnDisk(expectedState(model))), await readBack(image), facets)).toEqual([])
      expect(await verified(image)).toEqual([])
    })
  })
})

const OTHERS_TREES = Math.ceil(TREES / 10)

it.each(MAKERS.filter(([name]) => /4 KiB|128 KiB/.test(name)))(
  `${OTHERS_TREES} random trees are read as they were, from images made by %s`,
  async (_, { program, args, changes = (state) => state }) => {
    await requireTools([program])
    // mksquashfs turns a symlink, device or fifo with two names into two; gensquashfs anything.
    const facets = EVERY_FACET.filter((facet) => facet !== 'links' && facet !== 'hard-links')
    await withTmpfs(async (tmpfs) => {
      const property = fc.asyncProperty(aHostileTree({ maxNodes: 30, maxBytes: 2 << 20 }), ({ tree }) =>
        withDirectory(async (scratch) => {
          const [source, image] = [join(scratch, 'tree'), join(scratch, 'image.squashfs')]
          await mkdir(source)
          await createTree(tree.model, source)
          await run(program, args(source, image))
          const expected = new Map(changes(asOnDisk(expectedState(tree.model))))
          const found = new Map(await readBack(image))
          // gensquashfs creates the root itself. Only that of a thorough tree has the same attributes.
          if (program === 'gensquashfs') for (const state of [expected, found]) state.delete('.')
          expect(differences(expected, found, facets)).toEqual([])
          expect(await verified(image)).toEqual([])
          await expectSameColumns(image)
        }, tmpfs),
      )
      await fc.assert(property, { numRuns: OTHERS_TREES, ...REPEAT })
    })
  },
  300_000,
)
