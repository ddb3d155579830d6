/** Tests that names and symlink targets are bytes: all that the disk allows are in the image, unchanged, and are found. */
import {
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { bytesOf, NASTY_NAMES, under, withDirectory, withMount } from 'fixtures'
import { type Entry, EntryError, LimitError, memorySink, packDirectory, writeImage } from 'squashfs-writer'
import { describe, expect, it } from 'vitest'

/** Every byte that names may contain, alone and between others. */
const EVERY_BYTE = Array.from({ length: 255 }, (_, index) => index + 1)
  .filter((byte) => byte !== 0x2f && byte !== 0x2e)
  .flatMap((byte) => [String.fromCharCode(byte), `a${String.fromCharCode(byte)}b`])

const NAMES = [...new Set([...NASTY_NAMES, ...EVERY_BYTE])]

describe('a directory with files of every difficult name', () => {
  it('is packed with all of them, and each is found by its bytes', async () => {
    await withDirectory(async (directory) => {
      const source = join(directory, 'source')
      mkdirSync(source)
      for (const name of NAMES) writeFileSync(under(source, name), bytesOf(name))
      const image = join(directory, 'image.squashfs')
      const { files } = await packDirectory(source, image)
      expect(files).toBe(NAMES.length)
      await withMount(image, async (mounted) => {
        for (const name of NAMES) expect(readFileSync(under(mounted, name)).equals(bytesOf(name))).toBe(true)
        expect(listingOf(mounted)).toEqual(listingOf(source))
      })
    })
  })

  it('lists them sorted by bytes, as the kernel requires', async () => {
    await withDirectory(async (directory) => {
      const image = join(directory, 'image.squashfs')
      await writeImage(
        NAMES.map((name): Entry => ({ type: 'file', path: bytesOf(name), content: '' })),
        image,
      )
      await withMount(image, async (mounted) => {
        const listed = readdirSync(Buffer.from(mounted), { encoding: 'buffer' }).map(hex)
        expect(listed).toEqual(NAMES.map(bytesOf).sort(Buffer.compare).map(hex))
      })
    })
  })

  it('may have such a name, too, and so may its parents and the image', async () => {
    await withDirectory(async (directory) => {
      for (const name of ['new\nline', '--help', ' ', 'é']) {
        const source = join(directory, name, '\\', name)
        mkdirSync(source, { recursive: true })
        writeFileSync(join(source, name), name)
        const image = join(directory, `${name}.squashfs`)
        await packDirectory(join(directory, name), image)
        await withMount(image, async (mounted) => {
          expect(readFileSync(join(mounted, '\\', name, name), 'utf8')).toBe(name)
        })
      }
    })
  })

  it('may have a path that is not UTF-8, given as bytes', async () => {
    await withDirectory(async (directory) => {
      const source = under(directory, '\xff\xfe')
      mkdirSync(source)
      writeFileSync(Buffer.concat([source, Buffer.from('/a')]), 'a')
      const image = join(directory, 'image.squashfs')
      expect(await packDirectory(new Uint8Array(source), image)).toMatchObject({ files: 1 })
    })
  })
})

describe('a symlink', () => {
  const targets = [...NAMES, '/', '..', 'a//b', 't'.repeat(4095), '\xff'.repeat(4095)]

  it('from a directory keeps every byte of its target', async () => {
    await withDirectory(async (directory) => {
      const source = join(directory, 'source')
      mkdirSync(source)
      for (const [index, target] of targets.entries()) symlinkSync(bytesOf(target), join(source, `${index}`))
      const image = join(directory, 'image.squashfs')
      await packDirectory(source, image)
      await withMount(image, async (mounted) => {
        const found = targets.map((_, index) =>
          readlinkSync(join(mounted, `${index}`), { encoding: 'buffer' }),
        )
        expect(found.map(hex)).toEqual(targets.map(bytesOf).map(hex))
        expect(lstatSync(join(mounted, `${targets.length - 1}`)).size).toBe(4095)
      })
    })
  })

  it('from an entry keeps every byte of its target', async () => {
    await withDirectory(async (directory) => {
      const image = join(directory, 'image.squashfs')
      const entries = targets.map((target, index): Entry => {
        return { type: 'symlink', path: `${index}`, target: bytesOf(target) }
      })
      await writeImage(entries, image)
      await withMount(image, async (mounted) => {
        const found = targets.map((_, index) =>
          readlinkSync(join(mounted, `${index}`), { encoding: 'buffer' }),
        )
        expect(found.map(hex)).toEqual(targets.map(bytesOf).map(hex))
      })
    })
  })
})

describe('an invalid name', () => {
  it.each(['', '..', 'a/..', '../a', 'a//b', '/a', 'a/', './a', 'a\0b'])('%j is refused', async (path) => {
    await expect(writeImage([{ type: 'file', path, content: '' }], memorySink())).rejects.toBeInstanceOf(
      EntryError,
    )
  })

  it('of 256 bytes is refused because of the limit, one of 255 is accepted', async () => {
    const write = (length: number) =>
      writeImage([{ type: 'file', path: 'x'.repeat(length), content: '' }], memorySink())
    await expect(write(256)).rejects.toBeInstanceOf(LimitError)
    expect((await write(255)).files).toBe(1)
  })

  it('that occurs twice in a directory is refused', async () => {
    const twice: Entry[] = ['a', 'a'].map((path) => ({ type: 'file', path, content: '' }))
    await expect(writeImage(twice, memorySink())).rejects.toMatchObject({ code: 'INVALID_ENTRY', path: 'a' })
  })

  it('is shown with its bytes in the error', async () => {
    const path = Buffer.from('\xff\n', 'latin1')
    const twice: Entry[] = [path, path].map((bytes) => ({ type: 'file', path: bytes, content: '' }))
    await expect(writeImage(twice, memorySink())).rejects.toMatchObject({
      path: expect.stringContaining('\\xff'),
    })
  })

  it.each([0, 4096])('a symlink target of %i bytes is refused', async (length) => {
    const entry: Entry = { type: 'symlink', path: 'a', target: 't'.repeat(length) }
    await expect(writeImage([entry], memorySink())).rejects.toThrow(/target/)
  })
})

function listingOf(directory: string): string[] {
  return readdirSync(Buffer.from(directory), { encoding: 'buffer' }).map(hex).sort()
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}
