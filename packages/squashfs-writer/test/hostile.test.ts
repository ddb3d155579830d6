/**
 * Tests hostile images: the known traps one by one, and some thousand mutations. `npm run test:hostile` tests a million.
 *
 * HOSTILE_IMAGES sets the number of mutations, HOSTILE_SEED the seed.
 */
import { existsSync } from 'node:fs'
import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { deflateSync } from 'node:zlib'
import { mutated, randomNumbers, readHostile, seedImages, withDirectory, withTmpfs } from 'fixtures'
import { type Entry, memorySink, SquashfsError, uncompressed, writeImage, zstd } from 'squashfs-writer'
import { decodeSuperblock, type Superblock } from 'squashfs-writer/format'
import { extractImage, type ImageFile, InodeType, type OpenImage, openImage } from 'squashfs-writer/read'
import { describe, expect, it } from 'vitest'

const IMAGES = Number(process.env.HOSTILE_IMAGES ?? 3000)
const SEED = Number(process.env.HOSTILE_SEED ?? 1)

it(
  `${IMAGES} mutated images are read, found damaged or refused, and nothing is written outside`,
  async () => {
    await withTmpfs(async (scratch) => {
      const seeds = await seedImages()
      const random = randomNumbers(SEED)
      const outcomes = { read: 0, problems: 0, refused: 0 }
      for (let n = 0; n < IMAGES; n++) {
        const bytes = mutated(seeds[random(seeds.length)]!, random)
        outcomes[await readHostile(bytes, n % 50 === 0 ? scratch : undefined)]++
      }
      expect(outcomes.refused).toBeGreaterThan(IMAGES / 10)
      expect(outcomes.problems).toBeGreaterThan(IMAGES / 20)
    })
  },
  60_000 + IMAGES * 20,
)

/** An image with uncompressed tables, so that a test can change a single field. */
async function plainImage(entries: readonly Entry[]): Promise<{ bytes: Uint8Array; superblock: Superblock }> {
  const sink = memorySink()
  await writeImage(entries, sink, { codec: uncompressed(), blockSize: 4096, padding: 1 })
  const bytes = sink.bytes()
  return { bytes, superblock: decodeSuperblock(bytes)! }
}

function open(bytes: Uint8Array): Promise<OpenImage> {
  return openImage({ size: bytes.length, read: (at, length) => bytes.slice(at, at + length) })
}

/** Replaces bytes that are in the image exactly once. */
function replace(bytes: Uint8Array, from: Uint8Array | string, to: Uint8Array | string): void {
  const [old, now] = [Buffer.from(from as string, 'latin1'), Buffer.from(to as string, 'latin1')]
  const at = Buffer.from(bytes.buffer).indexOf(old)
  expect(at).toBeGreaterThan(0)
  expect(Buffer.from(bytes.buffer).indexOf(old, at + 1)).toBe(-1)
  bytes.set(now, at)
}

async function everything(image: OpenImage): Promise<void> {
  for await (const { names } of image.walk())
    for (const { inode } of names) if (inode.type === InodeType.FILE) await image.read(inode)
}

describe('the reader refuses, with an error that says why,', () => {
  it('a directory that contains itself', async () => {
    const { bytes, superblock } = await plainImage([
      { type: 'directory', path: 'inner-directory/child-directory' },
      { type: 'file', path: 'inner-directory/file', content: 'x' },
    ])
    const image = await open(bytes)
    const outer = (await image.find('inner-directory'))!
    const inner = (await image.find('inner-directory/child-directory'))!
    // The entry of the child gets the position and number of its parent.
    const view = new DataView(bytes.buffer)
    const name = Buffer.from(bytes.buffer).indexOf('child-directory', superblock.directoryTable)
    view.setUint16(name - 8, outer.reference % 65_536, true)
    view.setInt16(name - 6, view.getInt16(name - 6, true) + outer.head.number - inner.head.number, true)
    const changed = await open(bytes)
    await expect(everything(changed)).rejects.toThrow('is in the tree twice')
    expect((await changed.verify()).problems.map(({ message }) => message).join()).toContain(
      'is in the tree twice',
    )
    expect(await changed.find(`inner-directory/${'child-directory/'.repeat(50)}file`)).toMatchObject({
      size: 1,
    })
  })

  it.each(['..', '.', 'a/b', '/x', 'a\0b'])('the name %j', async (name) => {
    const placeholder = 'q'.repeat(name.length)
    const { bytes, superblock } = await plainImage([
      { type: 'file', path: placeholder, content: 'x' },
      { type: 'file', path: 'zzz', content: 'x' },
    ])
    const listed = Buffer.from(`${String.fromCharCode(name.length - 1)}\0${placeholder}`)
    const at = Buffer.from(bytes.buffer).indexOf(listed, superblock.directoryTable)
    bytes.set(Buffer.from(name), at + 2)
    const image = await open(bytes)
    await expect(everything(image)).rejects.toThrow(SquashfsError)
    await expect(everything(image)).rejects.toThrow('cannot be a name in a directory')
    await withDirectory(async (directory) => {
      await expect(extractImage(image, join(directory, 'out'))).rejects.toThrow('cannot be a name')
      expect(await readdir(directory)).toEqual(['out'])
    })
  })

  it('a repeated name: a symlink, and a directory that contains a file', async () => {
    await withDirectory(async (directory) => {
      const outside = join(directory, 'outside')
      const { bytes } = await plainImage([
        { type: 'symlink', path: 'aaaa', target: outside },
        { type: 'file', path: 'bbbb/file', content: 'x' },
      ])
      replace(bytes, 'bbbb', 'aaaa')
      const image = await open(bytes)
      await expect(extractImage(image, join(directory, 'out'))).rejects.toThrow('names must ascend')
      expect(existsSync(outside)).toBe(false)
    })
  })

  it.each([2 ** 63, 2 ** 53 - 1, 2 ** 40, 2 ** 31])('a file of %d bytes', async (size) => {
    const { bytes } = await plainImage([
      { type: 'file', path: 'file', content: new Uint8Array(5000).fill(7), xattrs: { 'user.x': 'y' } },
    ])
    const { superblock } = await open(bytes)
    const { reference } = (await (await open(bytes)).find('file'))!
    const record = superblock.inodeTable + Math.floor(reference / 65_536) + 2 + (reference % 65_536)
    new DataView(bytes.buffer).setBigUint64(record + 24, BigInt(size), true)
    const image = await open(bytes)
    const file = (await image.find('file')) as ImageFile
    const memory = process.memoryUsage().arrayBuffers
    await expect(image.read(file)).rejects.toMatchObject({ name: 'ImageError' })
    await expect(image.stream(file).next()).rejects.toMatchObject({ code: 'DAMAGED_IMAGE' })
    expect(process.memoryUsage().arrayBuffers - memory).toBeLessThan(16 << 20)
  })

  it('a block whose content is larger than the block size', async () => {
    for (const gzip of [true, false]) {
      const bomb = new Uint8Array(64 << 20)
      const packed = gzip ? deflateSync(bomb) : await zstd().compress(bomb)
      // A block of the size of the bomb is stored in the image, and then declared to be compressed.
      const content = Uint8Array.from({ length: 4096 }, (_, n) => (n * 31) & 0xff)
      const { bytes } = await plainImage([{ type: 'file', path: 'file', content }])
      const file = (await (await open(bytes)).find('file')) as ImageFile
      bytes.set(packed.subarray(0, 4096), file.start)
      const view = new DataView(bytes.buffer)
      view.setUint16(20, gzip ? 1 : 6, true)
      const { superblock } = await open(bytes)
      const record = superblock.inodeTable + 2 + (file.reference % 65_536) + file.sizeOfFixedPart
      expect(view.getUint32(record, true)).toBe(0x0100_1000)
      view.setUint32(record, Math.min(packed.length, 4096), true)
      const image = await open(bytes)
      await expect(image.read((await image.find('file')) as ImageFile)).rejects.toMatchObject({
        code: 'DAMAGED_IMAGE',
      })
      expect((await image.verify()).problems).toMatchObject([{ path: 'file' }])
    }
  })

  it('a fragment index out of range, and a tail beyond the end of its block', async () => {
    for (const [offset, message] of [
      [20, 'is not an index into the fragment table'],
      [24, 'leads out of fragment block'],
    ] as const) {
      const { bytes } = await plainImage([{ type: 'file', path: 'file', content: 'a tail' }])
      const image = await open(bytes)
      const { reference } = (await image.find('file'))!
      const record = image.superblock.inodeTable + 2 + (reference % 65_536)
      new DataView(bytes.buffer).setUint32(record + offset, 5000, true)
      const changed = await open(bytes)
      await expect(changed.read((await changed.find('file')) as ImageFile)).rejects.toThrow(message)
      expect((await changed.verify()).problems).toMatchObject([{ path: 'file' }])
    }
  })

  it('an xattr value that refers to a reference, which would be a loop', async () => {
    const value = 'v'.repeat(50)
    const { bytes } = await plainImage([
      { type: 'file', path: 'a', content: '', xattrs: { 'user.first': value, 'user.x': '1' } },
      { type: 'file', path: 'b', content: '', xattrs: { 'user.second': value } },
    ])
    // The second value is a reference of 8 bytes, which is made to refer to itself.
    const at = Buffer.from(bytes.buffer).indexOf('second') + 'second'.length
    const view = new DataView(bytes.buffer)
    expect(view.getUint32(at, true)).toBe(8)
    const { superblock } = await open(bytes)
    const area = Number(view.getBigUint64(superblock.xattrTable!, true))
    view.setBigUint64(at + 4, BigInt(at - area - 2), true)
    const image = await open(bytes)
    // As a value it has 8 bytes. These are returned, and nothing loops.
    const b = (await image.find('b'))!
    expect(await image.xattrs(b)).toMatchObject([['user.second', { length: 8 }]])
  })

  it('counts that are too large for the image', async () => {
    const { bytes } = await plainImage([{ type: 'file', path: 'file', content: 'x' }])
    for (const [offset, message] of [
      [4, 'inodes in its inode table'],
      [16, 'outside of it'],
      [32, 'outside of the inode table'],
      [48, 'id table'],
      [64, 'inode table'],
    ] as const) {
      const changed = bytes.slice()
      new DataView(changed.buffer).setUint32(offset, 0xffff_fff0, true)
      const opened = open(changed).then(everything)
      await expect(opened).rejects.toMatchObject({
        name: 'ImageError',
        message: expect.stringContaining(message),
      })
    }
  })
})

it('a symlink of the image is not followed when a file below its name is extracted', async () => {
  await withDirectory(async (directory) => {
    const sink = memorySink()
    await writeImage(
      [
        { type: 'symlink', path: 'a', target: join(directory, 'outside') },
        { type: 'symlink', path: 'file', target: '../outside' },
        { type: 'hardlink', path: 'link', target: 'a' },
      ],
      sink,
    )
    await writeFile(join(directory, 'outside'), 'mine')
    const image = await open(sink.bytes())
    await extractImage(image, join(directory, 'out'))
    await extractImage(image, join(directory, 'out'), { overwrite: true })
    expect((await readdir(directory)).sort()).toEqual(['out', 'outside'])
  })
})
