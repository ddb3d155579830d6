/** Tests the library's reader on images of ours and of mksquashfs, compared with the source. */
import { createHash } from 'node:crypto'
import { mkdir, readFile, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  bytesOf,
  createTree,
  entriesOf,
  expectedState,
  type NodeState,
  requireTools,
  run,
  type TreeModel,
  thoroughTree,
  withDirectory,
  withTmpfs,
} from 'fixtures'
import { gzip, type ImageOptions, memorySink, uncompressed, writeImage, zstd } from 'squashfs-writer'
import {
  ImageError,
  type ImageFile,
  type ImageInode,
  InodeType,
  type OpenImage,
  openImage,
} from 'squashfs-writer/read'
import { describe, expect, it } from 'vitest'

const TYPES: Readonly<Record<NodeState['type'], ImageInode['type']>> = {
  file: InodeType.FILE,
  directory: InodeType.DIRECTORY,
  symlink: InodeType.SYMLINK,
  'block-device': InodeType.BLOCK_DEVICE,
  'character-device': InodeType.CHARACTER_DEVICE,
  fifo: InodeType.FIFO,
  socket: InodeType.SOCKET,
}

/** Looks up every name of the tree, and reads every file and target. */
async function expectAll(image: OpenImage, model: TreeModel): Promise<void> {
  for (const [key, node] of expectedState(model)) {
    const inode = await image.find(key === '.' ? '' : bytesOf(key))
    expect([key, inode?.type, inode?.head.mtime]).toEqual([key, TYPES[node.type], node.mtime])
    // On a disk every symlink has mode 0777.
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

describe('every file, directory and link of a tree is found, and its content read', () => {
  it.each<[string, ImageOptions]>([
    ['zstd', { codec: zstd(), blockSize: 4096 }],
    ['zstd and large blocks', { codec: zstd(), blockSize: 1_048_576, fragments: 'always' }],
    ['gzip', { codec: gzip(), blockSize: 131_072, fragments: 'never' }],
    ['nothing compressed', { codec: uncompressed(), blockSize: 131_072 }],
  ])('in an image with %s', async (_, options) => {
    await withTmpfs(async (directory) => {
      const model = thoroughTree({ blockSize: options.blockSize ?? 0 })
      const path = join(directory, 'image.squashfs')
      await writeImage(entriesOf(model), path, options)
      await withOpen(path, (image) => expectAll(image, model))
    })
  })

  it.each(['zstd', 'gzip'])("in mksquashfs's own image with %s", async (compressor) => {
    await withTmpfs(async (directory) => {
      const model = thoroughTree({ blockSize: 4096 })
      const [tree, path] = [join(directory, 'tree'), join(directory, 'image.squashfs')]
      await mkdir(tree)
      await createTree(model, tree)
      await run('mksquashfs', [tree, path, '-quiet', '-no-progress', '-comp', compressor, '-b', '4096'])
      await withOpen(path, (image) => expectAll(image, model))
    })
  })
})

describe('a path', () => {
  it('that is not in the image gives null, and so does one below a file or symlink', async () => {
    await withDirectory(async (directory) => {
      const path = join(directory, 'image.squashfs')
      const entries = [
        { type: 'file', path: 'directory/file', content: 'x' },
        { type: 'symlink', path: 'link', target: 'directory' },
        { type: 'directory', path: 'empty' },
      ] as const
      await writeImage(entries, path)
      await withOpen(path, async (image) => {
        expect(await image.find('directory/file')).toMatchObject({ type: InodeType.FILE, size: 1 })
        expect(await image.find('/directory//file')).toMatchObject({ type: InodeType.FILE, size: 1 })
        for (const missing of [
          'nothing',
          'directory/nothing',
          'directory/file/x',
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

describe('symlinks', () => {
  const entries = [
    { type: 'file', path: 'directory/file', content: 'x' },
    { type: 'symlink', path: 'relative', target: 'directory/file' },
    { type: 'symlink', path: 'directory/up', target: '../directory' },
    { type: 'symlink', path: 'absolute', target: '/directory' },
    { type: 'symlink', path: 'out', target: '../../../directory/file' },
    { type: 'symlink', path: 'circle', target: 'circle' },
    { type: 'symlink', path: 'nowhere', target: 'no/such/thing' },
  ] as const

  it.each([
    ['relative', 'directory/file'],
    ['directory/up/up/file', 'directory/file'],
    ['absolute/file', 'directory/file'],
    ['absolute/../relative', 'directory/file'],
    ['out', 'directory/file'],
    ['circle', null],
    ['nowhere', null],
    ['../../directory', 'directory'],
    ['directory/file/..', null],
  ])('are followed on request, and never out of the image: %s leads to %s', async (path, end) => {
    await withDirectory(async (directory) => {
      const file = join(directory, 'image.squashfs')
      await writeImage(entries, file)
      await withOpen(file, async (image) => {
        const found = await image.resolve(path)
        expect(found?.path ?? null).toBe(end)
        expect(await image.find(path, { followSymlinks: true })).toEqual(found?.inode ?? null)
      })
    })
  })
})

describe('a file', () => {
  const blockSize = 4096
  const content = Uint8Array.from({ length: 5 * blockSize + 1000 }, (_, n) =>
    n >= blockSize && n < 3 * blockSize ? 0 : (n * 31 + (n >> 8)) & 0xff,
  )

  it.each(['always', 'never'] as const)(
    'is read in ranges, whole and as a stream, fragments %s',
    async (fragments) => {
      await withDirectory(async (directory) => {
        const path = join(directory, 'image.squashfs')
        await writeImage([{ type: 'file', path: 'file', content }], path, { blockSize, fragments })
        await withOpen(path, async (image) => {
          const file = (await image.find('file')) as ImageFile
          expect(Buffer.from(await image.read(file)).equals(content)).toBe(true)
          const pieces: Uint8Array[] = []
          for await (const piece of image.stream(file)) pieces.push(piece.slice())
          expect(Buffer.concat(pieces).equals(content)).toBe(true)
          const holes: number[] = []
          for await (const { start, bytes } of image.pieces(file)) if (bytes === null) holes.push(start)
          expect(holes).toEqual([blockSize, 2 * blockSize])
          for (const start of [
            0,
            1,
            blockSize - 1,
            blockSize,
            3 * blockSize + 5,
            5 * blockSize,
            content.length - 1,
          ]) {
            for (const length of [0, 1, 100, blockSize, 3 * blockSize, content.length]) {
              const range = await image.readRange(file, start, length)
              expect(Buffer.from(range).equals(content.subarray(start, start + length))).toBe(true)
            }
          }
          expect(await image.readRange(file, content.length, 10)).toEqual(new Uint8Array(0))
          await expect(image.readRange(file, -1, 10)).rejects.toMatchObject({ code: 'WRONG_ARGUMENT' })
        })
      })
    },
  )

  it('of more than 1 GiB is refused in one array, and read in ranges', async () => {
    await withDirectory(async (directory) => {
      const path = join(directory, 'image.squashfs')
      const size = 2 ** 30 + 1
      async function* zeros() {
        const piece = new Uint8Array(1 << 20)
        for (let left = size; left > 0; left -= piece.length)
          yield piece.subarray(0, Math.min(left, piece.length))
      }
      await writeImage([{ type: 'file', path: 'file', content: { size, open: zeros } }], path, {
        blockSize: 1_048_576,
      })
      await withOpen(path, async (image) => {
        const file = (await image.find('file')) as ImageFile
        await expect(image.read(file)).rejects.toMatchObject({ code: 'TOO_LARGE' })
        expect(await image.readRange(file, size - 3, 10)).toEqual(new Uint8Array(3))
      })
    })
  })
})

describe('a directory of 20,000 names', () => {
  it('is listed completely, and each name is found by its index', async () => {
    await withDirectory(async (directory) => {
      const path = join(directory, 'image.squashfs')
      const names = Array.from({ length: 20_000 }, (_, n) => `${(n * 7919) % 20_011}-name`)
      const entries = names.map((name) => ({ type: 'file', path: `crowd/${name}`, content: '' }) as const)
      await writeImage(entries, path)
      await withOpen(path, async (image) => {
        const crowd = await image.find('crowd')
        if (crowd?.type !== InodeType.DIRECTORY) throw new Error('crowd is a directory')
        expect(crowd.indexCount).toBeGreaterThan(10)
        expect((await image.list(crowd)).map(({ name }) => name)).toEqual([...names].sort())
        for (const name of names.slice(0, 500))
          expect((await image.find(`crowd/${name}`))?.type).toBe(InodeType.FILE)
        for (const name of ['', '!', '5', '9999-namf', 'zzz']) {
          expect(await image.find(`crowd/${name}x`)).toBeNull()
        }
      })
    })
  })
})

describe('entries', () => {
  it('of an image, passed to writeImage, give the same image', async () => {
    await withTmpfs(async (directory) => {
      const options = { blockSize: 4096, createdAt: 1 } as const
      const [first, second] = [join(directory, 'first'), join(directory, 'second')]
      await writeImage(entriesOf(thoroughTree({ blockSize: 4096 })), first, options)
      await withOpen(first, async (image) => {
        await writeImage(image.entries(), second, options)
      })
      expect((await readFile(first)).equals(await readFile(second))).toBe(true)
    })
  })

  it('of a directory have paths from the root, and xattr names that are not UTF-8 as bytes', async () => {
    await withDirectory(async (directory) => {
      const path = join(directory, 'image.squashfs')
      const name = Uint8Array.of(...Buffer.from('user.'), 0xff)
      await writeImage(
        [
          { type: 'file', path: 'a/b/file', content: 'x', xattrs: [[name, 'value']] },
          { type: 'file', path: 'other', content: 'x' },
        ],
        path,
      )
      await withOpen(path, async (image) => {
        const found = []
        for await (const entry of image.entries('a/b')) found.push(entry)
        expect(found.map(({ path }) => path)).toEqual(['a/b', 'a/b/file'])
        expect(found[1]).toMatchObject({ xattrs: [[name, new Uint8Array(Buffer.from('value'))]] })
        await expect(image.entries('a/b/file').next()).rejects.toMatchObject({ code: 'NOT_IN_IMAGE' })
      })
    })
  })
})

it('an image is read from any source of bytes', async () => {
  const sink = memorySink()
  await writeImage([{ type: 'file', path: 'file', content: 'x' }], sink)
  const bytes = sink.bytes()
  const slowly = async (position: number, length: number) => bytes.slice(position, position + length)
  const image = await openImage({ size: bytes.length, read: slowly })
  expect(await image.find('file')).toMatchObject({ type: InodeType.FILE, size: 1 })
  expect(await image.verify()).toMatchObject({ inodes: 2, problems: [] })
})

it('an image is read from a block device', async () => {
  await requireTools(['losetup'])
  await withDirectory(async (directory) => {
    const path = join(directory, 'image.squashfs')
    const content = Uint8Array.from({ length: 300_000 }, (_, n) => (n * 7919) >> 3)
    await writeImage([{ type: 'file', path: 'file', content }], path)
    const { stdout } = await run('losetup', ['--find', '--show', '--read-only', path])
    const device = stdout.toString().trim()
    try {
      await withOpen(device, async (image) => {
        expect(image.size).toBe((await readFile(path)).length)
        expect(await image.verify()).toMatchObject({ inodes: 2, problems: [] })
      })
    } finally {
      await run('losetup', ['--detach', device])
    }
  })
})

describe('an ImageError reports', () => {
  it('a file that is not an image', async () => {
    await withDirectory(async (directory) => {
      const path = join(directory, 'text')
      for (const content of ['', 'hsqs', 'x'.repeat(5000)]) {
        await writeFile(path, content)
        await expect(openImage(path)).rejects.toMatchObject({
          name: 'ImageError',
          code: 'NOT_AN_IMAGE',
          path,
        })
      }
      // The bytes of an image are not a path, and would fill the screen.
      await expect(openImage(new Uint8Array(4096))).rejects.toMatchObject({ code: 'WRONG_ARGUMENT' })
      await expect(openImage(directory)).rejects.toMatchObject({ name: 'ImageError', code: 'NOT_AN_IMAGE' })
    })
  })

  it('a file that does not exist', async () => {
    await withDirectory(async (directory) => {
      const path = join(directory, 'missing')
      await expect(openImage(path)).rejects.toMatchObject({
        name: 'ImageError',
        code: 'IMAGE_NOT_FOUND',
        message: `${path}: there is no such file`,
        cause: expect.objectContaining({ code: 'ENOENT' }),
      })
    })
  })

  it('the missing bytes of a truncated image', async () => {
    await withDirectory(async (directory) => {
      const path = join(directory, 'image.squashfs')
      const content = Uint8Array.from({ length: 300_000 }, (_, n) => (n * 7919) >> 3)
      await writeImage([{ type: 'file', path: 'file', content }], path, { padding: 1 })
      const whole = (await readFile(path)).length
      await truncate(path, 10_000)
      const number = new Intl.NumberFormat('en-US')
      await expect(openImage(path)).rejects.toMatchObject({
        code: 'TRUNCATED_IMAGE',
        message: `${path}: truncated: ${number.format(whole - 10_000)} of ${number.format(whole)} bytes are missing; copy or make it again`,
      })
    })
  })

  it('an argument of the wrong kind', async () => {
    await withDirectory(async (directory) => {
      const path = join(directory, 'image.squashfs')
      await writeImage([{ type: 'file', path: 'directory/file', content: 'x' }], path)
      await withOpen(path, async (image) => {
        const directory = (await image.find('directory')) as unknown as ImageFile
        await expect(image.read(directory)).rejects.toMatchObject({
          name: 'ImageError',
          code: 'WRONG_ARGUMENT',
        })
        await expect(image.stream(directory).next()).rejects.toMatchObject({ code: 'WRONG_ARGUMENT' })
        const number = 5 as unknown as string
        await expect(image.find(number)).rejects.toMatchObject({ code: 'WRONG_ARGUMENT' })
        await expect(image.resolve(number)).rejects.toMatchObject({ code: 'WRONG_ARGUMENT' })
        await expect(openImage(number)).rejects.toMatchObject({ code: 'WRONG_ARGUMENT' })
      })
    })
  })

  it('an unsupported compressor, by its name', async () => {
    await withDirectory(async (directory) => {
      const path = join(directory, 'image.squashfs')
      await writeFile(join(directory, 'x'), 'x')
      await run('mksquashfs', [join(directory, 'x'), path, '-quiet', '-no-progress', '-comp', 'xz'])
      await expect(openImage(path)).rejects.toMatchObject({
        code: 'UNKNOWN_COMPRESSOR',
        message: expect.stringContaining('it is compressed with xz'),
      })
    })
  })

  it('a damaged image, truncated or overwritten anywhere', async () => {
    await withDirectory(async (directory) => {
      const path = join(directory, 'image.squashfs')
      await writeImage([{ type: 'file', path: 'directory/file', content: 'content '.repeat(1000) }], path)
      const whole = await readFile(path)
      const readIt = () =>
        withOpen(path, async (image) => {
          const file = await image.find('directory/file')
          return file?.type === InodeType.FILE ? await image.read(file) : file
        })
      const length = (await readIt()) as Uint8Array
      expect(length.length).toBe(8000)
      // The result is the right content, null or an ImageError. No other error is thrown, and nothing hangs.
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
