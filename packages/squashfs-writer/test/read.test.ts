// What the library reads of an image: compared with what was put in, of our own images and of mksquashfs's.
import { createHash } from 'node:crypto'
import { mkdir, readFile, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  bytesOf,
  entriesOf,
  expectedState,
  type NodeState,
  plant,
  run,
  type TreeModel,
  thoroughTree,
  withFolder,
  withTmpfs,
} from 'fixtures'
import { gzip, type ImageOptions, uncompressed, writeImage, zstd } from 'squashfs-writer'
import { ImageError, type Inode, InodeType, type OpenImage, openImage } from 'squashfs-writer/read'
import { describe, expect, it } from 'vitest'

const TYPES: Readonly<Record<NodeState['type'], Inode['type']>> = {
  file: InodeType.FILE,
  directory: InodeType.DIRECTORY,
  symlink: InodeType.SYMLINK,
  'block-device': InodeType.BLOCK_DEVICE,
  'character-device': InodeType.CHARACTER_DEVICE,
  fifo: InodeType.FIFO,
  socket: InodeType.SOCKET,
}

/** Looks every name of the tree up, and reads every file and target. */
async function expectAll(image: OpenImage, model: TreeModel): Promise<void> {
  for (const [key, node] of expectedState(model)) {
    const inode = await image.find(key === '.' ? '' : bytesOf(key))
    expect([key, inode?.type, inode?.head.mtime]).toEqual([key, TYPES[node.type], node.mtime])
    // On a disk every symlink has mode 0777, whatever was wanted.
    if (node.type !== 'symlink') expect([key, inode?.head.mode]).toEqual([key, node.mode])
    if (inode?.type === InodeType.FILE) {
      const content = await image.read(inode)
      expect([key, content.length, sha256(content)]).toEqual([key, node.size, node.sha256])
    }
    if (inode?.type === InodeType.SYMLINK) {
      expect([key, Buffer.from(inode.target)]).toEqual([key, bytesOf(node.target ?? '')])
    }
  }
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

async function withOpen<T>(path: string, use: (image: OpenImage) => Promise<T>): Promise<T> {
  const image = await openImage(path)
  try {
    return await use(image)
  } finally {
    await image.close()
  }
}

describe('every file, folder and link of a tree is found, and its content read', () => {
  it.each<[string, ImageOptions]>([
    ['zstd', { codec: zstd(), blockSize: 4096 }],
    ['zstd and large blocks', { codec: zstd(), blockSize: 1_048_576, fragments: 'always' }],
    ['gzip', { codec: gzip(), blockSize: 131_072, fragments: 'never' }],
    ['nothing compressed', { codec: uncompressed(), blockSize: 131_072 }],
  ])('in an image with %s', async (_, options) => {
    await withTmpfs(async (folder) => {
      const model = thoroughTree({ blockSize: options.blockSize ?? 0 })
      const path = join(folder, 'image.squashfs')
      await writeImage(entriesOf(model), path, options)
      await withOpen(path, (image) => expectAll(image, model))
    })
  })

  it.each(['zstd', 'gzip'])("in mksquashfs's own image with %s", async (compressor) => {
    await withTmpfs(async (folder) => {
      const model = thoroughTree({ blockSize: 4096 })
      const [tree, path] = [join(folder, 'tree'), join(folder, 'image.squashfs')]
      await mkdir(tree)
      await plant(model, tree)
      await run('mksquashfs', [tree, path, '-quiet', '-no-progress', '-comp', compressor, '-b', '4096'])
      await withOpen(path, (image) => expectAll(image, model))
    })
  })
})

describe('a path', () => {
  it('that is not in the image is null, and so is one below a file or a symlink', async () => {
    await withFolder(async (folder) => {
      const path = join(folder, 'image.squashfs')
      const entries = [
        { type: 'file', path: 'folder/file', content: 'x' },
        { type: 'symlink', path: 'link', target: 'folder' },
        { type: 'directory', path: 'empty' },
      ] as const
      await writeImage(entries, path)
      await withOpen(path, async (image) => {
        expect(await image.find('folder/file')).toMatchObject({ type: InodeType.FILE, size: 1 })
        expect(await image.find('/folder//file')).toMatchObject({ type: InodeType.FILE, size: 1 })
        for (const missing of [
          'nothing',
          'folder/nothing',
          'folder/file/x',
          'link/file',
          'empty/x',
          'fold',
        ]) {
          expect(await image.find(missing)).toBeNull()
        }
      })
    })
  })
})

describe('an ImageError says', () => {
  it('that a file is no image', async () => {
    await withFolder(async (folder) => {
      const path = join(folder, 'text')
      for (const content of ['', 'hsqs', 'x'.repeat(5000)]) {
        await writeFile(path, content)
        await expect(openImage(path)).rejects.toMatchObject({ name: 'ImageError', code: 'NOT_AN_IMAGE' })
      }
    })
  })

  it('that the compressor is unknown here, by its name', async () => {
    await withFolder(async (folder) => {
      const path = join(folder, 'image.squashfs')
      await writeFile(join(folder, 'x'), 'x')
      await run('mksquashfs', [join(folder, 'x'), path, '-quiet', '-no-progress', '-comp', 'xz'])
      await expect(openImage(path)).rejects.toMatchObject({
        code: 'UNKNOWN_COMPRESSOR',
        message: 'it is compressed with xz',
      })
    })
  })

  it('that the image is damaged, wherever it is cut off or overwritten', async () => {
    await withFolder(async (folder) => {
      const path = join(folder, 'image.squashfs')
      await writeImage([{ type: 'file', path: 'folder/file', content: 'content '.repeat(1000) }], path)
      const whole = await readFile(path)
      const readIt = () =>
        withOpen(path, async (image) => {
          const file = await image.find('folder/file')
          return file?.type === InodeType.FILE ? await image.read(file) : file
        })
      const length = (await readIt()) as Uint8Array
      expect(length.length).toBe(8000)
      // Every outcome but the right content is null or an ImageError: nothing else is thrown, nothing hangs.
      for (let at = 96; at < whole.readUInt32LE(40); at++) {
        const damaged = Buffer.from(whole)
        damaged[at] = damaged[at]! ^ 0xff
        await writeFile(path, damaged)
        await expect(readIt().catch(asImageError)).resolves.toBeDefined()
        await writeFile(path, whole)
        await truncate(path, at)
        await expect(readIt().catch(asImageError)).resolves.toBeDefined()
      }
    })
  })
})

function asImageError(error: unknown): string {
  if (error instanceof ImageError) return error.code
  throw error
}
