/** Tests our images with readers that share no code with unsquashfs, the kernel or us. */
import { mkdir, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  differences,
  entriesOf,
  expectedState,
  type Facet,
  type ModelNode,
  ON_DISK,
  rdsquashfsList,
  rdsquashfsUnpack,
  run,
  sevenZipExtract,
  sevenZipList,
  sevenZipTest,
  survey,
  type TreeModel,
  thoroughTree,
  withMount,
  withSquashfuse,
  withTmpfs,
} from 'fixtures'
import {
  type Codec,
  type Entry,
  gzip,
  type ImageOptions,
  portableGzip,
  uncompressed,
  writeImage,
  zstd,
} from 'squashfs-writer'
import { decodeSuperblock } from 'squashfs-writer/format'
import { describe, expect, it } from 'vitest'

const CODECS: readonly (readonly [string, Codec])[] = [
  ['zstd', zstd()],
  ['gzip', gzip()],
  ['portable gzip', portableGzip({ level: 6 })],
  ['none', uncompressed()],
]

const BLOCK_SIZES = [4096, 131_072, 1_048_576]

describe.each(CODECS)('an image with %s', (_, codec) => {
  it.each(BLOCK_SIZES)(
    'and blocks of %i bytes is extracted by rdsquashfs as it was written',
    async (blockSize) => {
      await withImage(thoroughTree({ blockSize }), { codec, blockSize }, async (image, model, scratch) => {
        const unpacked = join(scratch, 'unpacked')
        await mkdir(unpacked)
        await rdsquashfsUnpack(image, unpacked)
        // It creates a copy of a file for each of its names, and does not change the root directory.
        const facets = without('links', 'hard-links')
        const [expected, actual] = [expectedState(model), await survey(unpacked)]
        expect(differences(withoutRoot(expected), withoutRoot(actual), facets)).toEqual([])
      })
    },
  )

  it.each(BLOCK_SIZES)(
    'and blocks of %i bytes is mounted by squashfuse as it was written',
    async (blockSize) => {
      await withImage(
        forSquashfuse(thoroughTree({ blockSize })),
        { codec, blockSize },
        async (image, model) => {
          await withSquashfuse(image, async (mounted) => {
            // It gives each name its own inode number.
            const facets = without('hard-links')
            expect(differences(expectedState(model), await survey(mounted), facets)).toEqual([])
          })
        },
      )
    },
  )

  it.each(BLOCK_SIZES)('and blocks of %i bytes is read completely by 7z', async (blockSize) => {
    await withImage(
      forSevenZip(thoroughTree({ blockSize })),
      { codec, blockSize },
      async (image, model, scratch) => {
        await sevenZipTest(image)
        const expected = [...expectedState(model)].filter(([key]) => key !== '.')
        expect(new Set(await sevenZipList(image))).toEqual(new Set(expected.map(([key]) => key)))
        const extracted = join(scratch, 'extracted')
        await sevenZipExtract(image, extracted)
        const found = await survey(extracted)
        for (const [key, { size, sha256, target }] of expected) {
          const { size: foundSize, sha256: foundSha256, target: foundTarget } = found.get(key) ?? {}
          expect([key, foundSize, foundSha256, foundTarget]).toEqual([key, size, sha256, target])
        }
      },
    )
  })
})

describe('an image without fragments', () => {
  const whole = { type: 'file', path: 'file', content: new Uint8Array(131_072).fill(7) } as const

  it.each<[string, Entry[], ImageOptions]>([
    ['because none are wanted', [{ ...whole, content: 'short' }], { fragments: 'never' }],
    ['because its only file fills its blocks', [whole], {}],
    ['because it has no files', [{ type: 'symlink', path: 'file', target: 'elsewhere' }], {}],
    ['and without an export table', [whole], { exportable: false }],
  ])('%s has the position of an empty table, which every reader accepts', async (_, entries, options) => {
    await withTmpfs(async (scratch) => {
      const image = join(scratch, 'image.squashfs')
      await writeImage(entries, image, options)
      const { fragmentTable, directoryTable, exportTable, idTable } = decodeSuperblock(await readFile(image))!
      expect(fragmentTable).toBeGreaterThan(directoryTable)
      // The next table begins with its metadata block, before its own index.
      expect(fragmentTable).toBeLessThan(exportTable ?? idTable)

      await sevenZipTest(image)
      expect(await sevenZipList(image)).toEqual(['file'])
      expect((await rdsquashfsList(image))[0]).toContain(' file')
      await run('unsquashfs', ['-no-progress', '-dest', join(scratch, 'unpacked'), image])
      const unpacked = await survey(join(scratch, 'unpacked'))
      await withMount(image, async (mounted) =>
        expect(differences(unpacked, await survey(mounted), ['type', 'content', 'target'])).toEqual([]),
      )
      await withSquashfuse(image, async (mounted) => expect(await readdir(mounted)).toEqual(['file']))
    })
  })
})

it('rdsquashfs lists what is in the image', async () => {
  await withImage(thoroughTree({ blockSize: 4096 }), {}, async (image) => {
    const lines = await rdsquashfsList(image, '/symlinks')
    expect(lines.some((line) => line.endsWith('relative -> ../sizes'))).toBe(true)
    expect(await rdsquashfsList(image, '/crowd')).toHaveLength(700)
  })
})

it('mksquashfs can append to an image: it accepts its tables', async () => {
  await withImage(thoroughTree({ blockSize: 131_072 }), {}, async (image, model, scratch) => {
    const more = join(scratch, 'more')
    await mkdir(join(more, 'appended'), { recursive: true })
    await run('mksquashfs', [more, image, '-quiet', '-no-progress'])
    const { stdout } = await run('unsquashfs', ['-no-progress', '-lls', image])
    expect(stdout.toString('latin1')).toContain('squashfs-root/appended')
    // Every name without a line break is a line.
    expect(stdout.toString('latin1').split('\n').length).toBeGreaterThan(model.size)
  })
})

async function withImage(
  model: TreeModel,
  options: { codec?: Codec; blockSize?: number },
  use: (image: string, model: TreeModel, scratch: string) => Promise<void>,
): Promise<void> {
  await withTmpfs(async (scratch) => {
    const image = join(scratch, 'image.squashfs')
    await writeImage(entriesOf(model), image, options)
    await use(image, model, scratch)
  })
}

function without(...facets: Facet[]): Facet[] {
  return ON_DISK.filter((facet) => !facets.includes(facet))
}

function withoutRoot<V>(tree: ReadonlyMap<string, V>): ReadonlyMap<string, V> {
  return new Map([...tree].filter(([key]) => key !== '.'))
}

/**
 * The xattrs that squashfuse 0.1 gets right. Of any image, mksquashfs's too, it mixes up the prefixes trusted and
 * security, finds no empty values, and takes a name for another that begins with it.
 */
function forSquashfuse(model: TreeModel): TreeModel {
  const changed = [...model].map(([key, node]): [string, ModelNode] => {
    if (node.type === 'hard-link') return [key, node]
    const xattrs = [...node.xattrs].filter(([name, value]) => name.startsWith('user.') && value.length > 0)
    return [key, { ...node, xattrs: new Map(xattrs) }]
  })
  return new Map(changed.filter(([key]) => key !== 'xattrs/many'))
}

/**
 * Files, directories and links that 7z extracts as they are: it renames what other systems might stumble over, refuses
 * links that lead out of their directory, and makes no devices, fifos or sockets.
 */
function forSevenZip(model: TreeModel): TreeModel {
  const link: ModelNode = {
    type: 'symlink',
    target: 'sizes',
    mode: 0o777,
    uid: 0,
    gid: 0,
    mtime: 0,
    xattrs: new Map(),
  }
  const types = ['file', 'directory', 'hard-link']
  const kept = [...model].filter(([key, node]) => {
    const target = node.type === 'hard-link' ? model.get(node.target)!.type : node.type
    return (
      types.includes(node.type) && types.includes(target) && /^[\w./-]+$/.test(key) && !key.includes('..')
    )
  })
  return new Map([...kept, ['link', link]])
}
