/** Tests the extraction of our images, compared with the source and with unsquashfs. */
import { existsSync, lstatSync, readlinkSync, symlinkSync } from 'node:fs'
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import {
  aHostileTree,
  asOnDisk,
  differences,
  entriesOf,
  expectedState,
  ON_DISK,
  survey,
  thoroughTree,
  unsquash,
  withDirectory,
  withTmpfs,
} from 'fixtures'
import { type Entry, gzip, writeImage } from 'squashfs-writer'
import {
  ExtractError,
  type ExtractOptions,
  type ExtractResult,
  extractImage,
  openImage,
} from 'squashfs-writer/read'
import { describe, expect, it } from 'vitest'

const TREES = Number(process.env.EXTRACT_TREES ?? 40)

async function extract(path: string, into: string, options?: ExtractOptions): Promise<ExtractResult> {
  const image = await openImage(path)
  try {
    return await extractImage(image, into, options)
  } finally {
    await image.close()
  }
}

it(
  `${TREES} random trees are extracted as they were written, and as unsquashfs extracts them`,
  async () => {
    await withTmpfs(async (tmpfs) => {
      const property = fc.asyncProperty(
        aHostileTree({ maxNodes: 30, maxBytes: 4 << 20 }),
        ({ tree, options }) =>
          withDirectory(async (scratch) => {
            const [image, ours, theirs] = ['image', 'ours', 'theirs'].map((name) => join(scratch, name)) as [
              string,
              string,
              string,
            ]
            await writeImage(tree.entries(), image, options)
            const { skipped, droppedXattrs } = await extract(image, ours)
            expect({ skipped, droppedXattrs }).toEqual({ skipped: [], droppedXattrs: {} })
            const found = await survey(ours)
            expect(differences(expectedState(tree.model), found, ON_DISK)).toEqual([])
            await unsquash(image, theirs)
            expect(differences(await survey(theirs), found, ON_DISK)).toEqual([])
          }, tmpfs),
      )
      await fc.assert(property, { numRuns: TREES })
    }, '8g')
  },
  300_000 + TREES * 4000,
)

it('a tree with one of everything is extracted as it was written, by several threads', async () => {
  await withTmpfs(async (directory) => {
    const model = thoroughTree({ blockSize: 131_072 })
    const [image, out] = [join(directory, 'image'), join(directory, 'out')]
    await writeImage(entriesOf(model), image, { codec: gzip() })
    const result = await extract(image, out)
    expect(differences(asOnDisk(expectedState(model)), await survey(out), ON_DISK)).toEqual([])
    expect(result.files).toBeGreaterThan(800)
  })
})

it('holes are extracted as holes', async () => {
  await withTmpfs(async (directory) => {
    const content = new Uint8Array(8 << 20)
    content[4 << 20] = 1
    const [image, out] = [join(directory, 'image'), join(directory, 'out')]
    await writeImage([{ type: 'file', path: 'sparse', content }], image)
    await extract(image, out)
    const { size, blocks } = await stat(join(out, 'sparse'))
    expect(size).toBe(content.length)
    expect(blocks * 512).toBeLessThan(1 << 20)
    expect((await readFile(join(out, 'sparse'))).equals(content)).toBe(true)
  })
})

const SOME: readonly Entry[] = [
  { type: 'file', path: 'a/b/file', content: 'file', mode: 0o4755 },
  { type: 'file', path: 'a/other', content: 'other' },
  { type: 'symlink', path: 'a/link', target: 'other' },
  { type: 'file', path: 'c', content: 'c' },
]

describe('parts of an image', () => {
  it('are extracted with their parent directories, and nothing else', async () => {
    await withDirectory(async (directory) => {
      const image = join(directory, 'image')
      await writeImage(SOME, image)
      await extract(image, join(directory, 'out'), { paths: ['a/b', '/a/b/file', 'c', 'a/link'] })
      expect((await readdir(join(directory, 'out'), { recursive: true })).sort()).toEqual([
        'a',
        'a/b',
        'a/b/file',
        'a/link',
        'c',
      ])
    })
  })

  it('that are not in the image are an error that names them', async () => {
    await withDirectory(async (directory) => {
      const image = join(directory, 'image')
      await writeImage(SOME, image)
      await expect(extract(image, join(directory, 'out'), { paths: ['a/nothing'] })).rejects.toMatchObject({
        name: 'ImageError',
        code: 'NOT_IN_IMAGE',
        message: 'there is no a/nothing in the image',
      })
    })
  })
})

describe('a file that is in the directory already', () => {
  it('is kept: an existing file or symlink is an error that names it', async () => {
    await withDirectory(async (directory) => {
      const [image, out, elsewhere] = [
        join(directory, 'image'),
        join(directory, 'out'),
        join(directory, 'elsewhere'),
      ]
      await writeImage(SOME, image)
      await mkdir(out)
      await writeFile(join(out, 'c'), 'mine')
      await expect(extract(image, out)).rejects.toThrow(ExtractError)
      await expect(extract(image, out)).rejects.toThrow(`${join(out, 'c')}: it exists`)
      expect(await readFile(join(out, 'c'), 'utf8')).toBe('mine')
      await mkdir(elsewhere)
      for (const name of ['a', 'c']) {
        const other = join(directory, `out-${name}`)
        await mkdir(other)
        symlinkSync(elsewhere, join(other, name))
        await expect(extract(image, other)).rejects.toMatchObject({
          code: 'EXTRACT',
          path: join(other, name),
        })
      }
      expect(await readdir(elsewhere)).toEqual([])
    })
  })

  it('is replaced on request, and symlinks are replaced, not followed', async () => {
    await withDirectory(async (directory) => {
      const [image, out, elsewhere] = [
        join(directory, 'image'),
        join(directory, 'out'),
        join(directory, 'elsewhere'),
      ]
      await writeImage(SOME, image)
      await mkdir(elsewhere)
      await writeFile(join(elsewhere, 'c'), 'mine')
      await mkdir(out)
      await writeFile(join(out, 'kept'), 'kept')
      symlinkSync(elsewhere, join(out, 'a'))
      symlinkSync(join(elsewhere, 'c'), join(out, 'c'))
      await extract(image, out, { overwrite: true })
      await extract(image, out, { overwrite: true })
      expect(lstatSync(join(out, 'a')).isDirectory()).toBe(true)
      expect(await readFile(join(out, 'c'), 'utf8')).toBe('c')
      expect(await readFile(join(out, 'kept'), 'utf8')).toBe('kept')
      expect(readlinkSync(join(out, 'a/link'))).toBe('other')
      expect(await readFile(join(elsewhere, 'c'), 'utf8')).toBe('mine')
      expect(await readdir(elsewhere)).toEqual(['c'])
    })
  })

  it('a directory that is not empty is not replaced by a file', async () => {
    await withDirectory(async (directory) => {
      const [image, out] = [join(directory, 'image'), join(directory, 'out')]
      await writeImage(SOME, image)
      await mkdir(join(out, 'c', 'mine'), { recursive: true })
      await expect(extract(image, out, { overwrite: true })).rejects.toThrow('not empty')
      expect(existsSync(join(out, 'c', 'mine'))).toBe(true)
    })
  })
})

const many = Array.from(
  { length: 1500 },
  (_, n): Entry => ({ type: 'file', path: `d/${String(n).padStart(4, '0')}`, content: `content ${n}` }),
)

describe('with many files and several threads', () => {
  it('an existing file is an error that names it, and nothing is written after it is known', async () => {
    await withDirectory(async (directory) => {
      const [image, out] = [join(directory, 'image'), join(directory, 'out')]
      await writeImage(many, image)
      await mkdir(join(out, 'd'), { recursive: true })
      await writeFile(join(out, 'd', '0700'), 'mine')
      await expect(extract(image, out)).rejects.toMatchObject({
        name: 'ExtractError',
        path: join(out, 'd/0700'),
        message: expect.stringContaining('it exists'),
      })
      const written = (await readdir(join(out, 'd'))).length
      await new Promise((resolve) => setTimeout(resolve, 200))
      expect((await readdir(join(out, 'd'))).length).toBe(written)
      expect(await readFile(join(out, 'd', '0700'), 'utf8')).toBe('mine')
    })
  })

  it('damage is an ImageError', async () => {
    await withDirectory(async (directory) => {
      const image = join(directory, 'image')
      await writeImage(many, image)
      const bytes = await readFile(image)
      bytes.fill(0xff, 102, 110) // the only fragment block
      await writeFile(image, bytes)
      await expect(extract(image, join(directory, 'out'))).rejects.toMatchObject({
        name: 'ImageError',
        code: 'DAMAGED_IMAGE',
      })
    })
  })
})

it('an abort ends it with its reason', async () => {
  await withDirectory(async (directory) => {
    const image = join(directory, 'image')
    await writeImage(SOME, image)
    const signal = AbortSignal.abort(new Error('enough'))
    await expect(extract(image, join(directory, 'out'), { signal })).rejects.toThrow('enough')
    await writeImage(many, image)
    const controller = new AbortController()
    setTimeout(() => controller.abort(new Error('later')), 5)
    await expect(extract(image, join(directory, 'later'), { signal: controller.signal })).rejects.toThrow(
      'later',
    )
  })
})
