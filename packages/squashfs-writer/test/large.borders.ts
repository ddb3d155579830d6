/** Tests the limits of the format that take long to reach: `npm run test:borders`. */
import { closeSync, lstatSync, openSync, readdirSync, readSync, statSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { requireTools, run, withMount, withTmpfs } from 'fixtures'
import { type Entry, packDirectory, type Sink, uncompressed, writeImage } from 'squashfs-writer'
import { expect, it } from 'vitest'

const KIB = 1024
const MIB = 1024 * KIB
const GIB = 1024 * MIB

it('a directory of 300,000 names: all are listed, and lookups find the right files', async () => {
  await withTmpfs(async (scratch) => {
    const image = join(scratch, 'image.squashfs')
    const count = 300_000
    const name = (index: number) => `${(index * 48_271) % 2_147_483_647}`
    function* entries(): Generator<Entry> {
      for (let index = 0; index < count; index++) {
        yield { type: 'file', path: `many/${name(index)}`, content: '', mtime: index }
      }
    }
    await writeImage(entries(), image)
    await withMount(image, async (mounted) => {
      const names = Array.from({ length: count }, (_, index) => name(index)).sort()
      expect(readdirSync(join(mounted, 'many')).join('\n') === names.join('\n')).toBe(true)

      // Random and adjacent names, the first and the last.
      const scattered = Array.from({ length: 1000 }, (_, turn) => name((turn * 7919) % count))
      const beside = names.filter((_, place) => place < 10 || place % 100_000 < 300 || place > count - 10)
      const timeByName = new Map(Array.from({ length: count }, (_, index) => [name(index), index]))
      const wrong = [...scattered, ...beside].filter(
        (text) => timeOf(join(mounted, 'many', text)) !== timeByName.get(text),
      )
      expect(wrong).toEqual([])
      // For a missing name the kernel reads until the first character differs, which is a large part of the listing.
      const absent = scattered.slice(0, 100).map((text) => `${text}!`)
      expect(absent.filter((text) => timeOf(join(mounted, 'many', text)) !== null)).toEqual([])
    })
    const { stdout } = await run('unsquashfs', ['-ls', image])
    expect(stdout.toString().trim().split('\n')).toHaveLength(count + 2)
  })
})

it('a million hard links to one file: one inode, found by each name, and packed again to the same image', async () => {
  await withTmpfs(async (scratch) => {
    const image = join(scratch, 'image.squashfs')
    const count = 1_000_000
    // One directory is large. The kernel goes through a part of a listing for each name that it looks up, so that the others
    // are short: packing again looks all names up.
    const [inLarge, inEach] = [20_000, 100]
    const path = (index: number) =>
      `${index < inLarge ? 0 : Math.floor((index - inLarge) / inEach) + 1}/${index}`
    const directories = 1 + (count - inLarge) / inEach
    function* entries(): Generator<Entry> {
      yield { type: 'file', path: path(0), content: 'one and the same' }
      for (let index = 1; index < count; index++) {
        yield { type: 'hardlink', path: path(index), target: path(0) }
      }
    }
    const result = await writeImage(entries(), image)
    expect(result).toMatchObject({ inodes: directories + 2, files: 1, hardLinks: count - 1, bytesIn: 16 })
    await withMount(image, async (mounted) => {
      const first = statSync(join(mounted, path(0)))
      expect(first).toMatchObject({ nlink: count, size: 16 })
      for (let directory = 0; directory < directories; directory++) {
        expect(readdirSync(join(mounted, `${directory}`))).toHaveLength(directory === 0 ? inLarge : inEach)
      }
      for (let turn = 0; turn < 1000; turn++) {
        const found = statSync(join(mounted, path((turn * 7919) % count)))
        expect(found.ino).toBe(first.ino)
      }

      const again = join(scratch, 'again.squashfs')
      expect(await packDirectory(mounted, again)).toMatchObject({ files: 1, hardLinks: count - 1 })
      await run('cmp', [image, again])
    })
  })
})

it('files larger than 4 GiB that begin after 4 GiB and end after 8 GiB are read back', async () => {
  await requireTools(['getfattr'])
  await withTmpfs(async (scratch) => {
    const image = join(scratch, 'image.squashfs')
    const [first, second] = [4 * KIB + 1, 4 * KIB + 3]
    const sink = sparseSink(image)
    await writeImage(
      [
        { type: 'file', path: 'a', content: numberedMegabytes(first, 1) },
        { type: 'file', path: 'b', content: numberedMegabytes(second, 2) },
        { type: 'file', path: 'c', content: 'in a fragment beyond 8 GiB' },
        { type: 'directory', path: 'd', xattrs: { 'user.far': 'in a table beyond 8 GiB' } },
      ],
      sink,
      { codec: uncompressed(), blockSize: 1 * MIB },
    )
    sink.close()
    expect(statSync(image).size).toBeGreaterThan(8 * GIB)
    await withMount(image, async (mounted) => {
      for (const [name, count, mark] of [
        ['a', first, 1],
        ['b', second, 2],
      ] as const) {
        expect(statSync(join(mounted, name)).size).toBe(count * MIB)
        const numbers = Array.from({ length: count }, (_, index) => index)
        const looked = numbers.filter((index) => index % 61 === 0 || index > count - 8)
        const wrong = looked.filter((index) => {
          const found = [0, MIB - 8].map((at) => readAt(join(mounted, name), index * MIB + at, 8))
          return !found.every((bytes) => bytes.readUInt32LE(0) === mark && bytes.readUInt32LE(4) === index)
        })
        expect(wrong).toEqual([])
      }
      const { stdout } = await run('cat', [join(mounted, 'c')])
      expect(stdout.toString()).toBe('in a fragment beyond 8 GiB')
      const value = await run('getfattr', ['--only-values', '-n', 'user.far', join(mounted, 'd')])
      expect(value.stdout.toString()).toBe('in a table beyond 8 GiB')
    })
  })
})

/** This many megabytes, each with the mark and its number at both ends, and zeros between them. */
function numberedMegabytes(count: number, mark: number) {
  async function* open() {
    for (let index = 0; index < count; index++) {
      const bytes = Buffer.alloc(MIB)
      for (const at of [0, MIB - 8]) {
        bytes.writeUInt32LE(mark, at)
        bytes.writeUInt32LE(index, at + 4)
      }
      yield new Uint8Array(bytes.buffer, bytes.byteOffset, MIB)
    }
  }
  return { size: count * MIB, open }
}

/** Writes a sparse file. */
function sparseSink(path: string): Sink & { close(): void } {
  const file = openSync(path, 'w')
  const unit = 64 * KIB
  const zeros = new Uint8Array(unit)
  return {
    write(bytes, position) {
      for (let at = 0; at < bytes.length; at += unit) {
        const piece = bytes.subarray(at, at + unit)
        const isLast = at + unit >= bytes.length
        if (isLast || Buffer.compare(piece, zeros) !== 0)
          writeSync(file, piece, 0, piece.length, position + at)
      }
    },
    close: () => closeSync(file),
  }
}

function readAt(path: string, position: number, length: number): Buffer {
  const file = openSync(path, 'r')
  try {
    const bytes = Buffer.alloc(length)
    readSync(file, bytes, 0, length, position)
    return bytes
  } finally {
    closeSync(file)
  }
}

/** The mtime in seconds; null if there is no such name. */
function timeOf(path: string): number | null {
  const found = lstatSync(path, { throwIfNoEntry: false })
  return found ? found.mtimeMs / 1000 : null
}
