/** Tests that the next run removes the partial file of a killed run, and nothing else. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  chownSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { run, withDirectory } from 'fixtures'
import { writeImage } from 'squashfs-writer'
import { describe, expect, it } from 'vitest'

/** A program that packs a stream. It reports its start, and continues when its standard input ends. */
const WAITING = `
  const { writeImage } = await import(${JSON.stringify(import.meta.resolve('squashfs-writer'))})
  async function* slowly() {
    yield new Uint8Array(1000)
    console.log('begun')
    for await (const _ of process.stdin);
    yield new Uint8Array(1000)
  }
  await writeImage([{ type: 'file', path: 'a', content: { size: 2000, open: slowly } }], process.argv[1])`

/** Starts it in another process, and resolves when its partial file exists. */
async function begin(image: string, ...prefix: string[]): Promise<ChildProcess> {
  const [program, ...args] = [...prefix, process.execPath, '--input-type=module', '-e', WAITING, image]
  const child = spawn(program!, args, { stdio: ['pipe', 'pipe', 'inherit'] })
  await once(child.stdout!, 'data')
  return child
}

/** Leaves the partial file of a killed run, and returns its name. */
async function leave(image: string): Promise<string> {
  const child = await begin(image)
  const end = once(child, 'close')
  child.kill('SIGKILL')
  expect(await end).toEqual([null, 'SIGKILL'])
  return leftoversOf(image).at(0)!
}

const directoryOf = (image: string) => dirname(image)
const beside = (image: string, name: string) => join(dirname(image), name)
const leftoversOf = (image: string) =>
  readdirSync(directoryOf(image)).filter((name) => name.endsWith('.partial'))

async function withImage(use: (image: string) => Promise<void>): Promise<void> {
  await withDirectory((directory) => use(join(directory, 'venv.squashfs')))
}

describe('the next run to the same image', () => {
  it('removes the file of a killed run', async () => {
    await withImage(async (image) => {
      writeFileSync(image, 'what was there before')
      await leave(image)
      await leave(image)
      expect(readFileSync(image, 'utf8')).toBe('what was there before')
      await writeImage([], image)
      expect(readdirSync(directoryOf(image))).toEqual(['venv.squashfs'])
    })
  })

  it('removes it even if it fails itself', async () => {
    await withImage(async (image) => {
      await leave(image)
      async function* torn() {
        yield new Uint8Array(1)
        throw new Error('torn')
      }
      const entry = { type: 'file', path: 'a', content: { size: 2, open: torn } } as const
      await expect(writeImage([entry], image)).rejects.toMatchObject({ code: 'UNREADABLE' })
      expect(readdirSync(directoryOf(image))).toEqual([])
    })
  })

  it('keeps the file of an active run', async () => {
    await withImage(async (image) => {
      const other = await begin(image)
      const theirs = leftoversOf(image)
      await writeImage([], image)
      expect(leftoversOf(image)).toEqual(theirs)
      const end = once(other, 'close')
      other.stdin!.end()
      expect(await end).toEqual([0, null])
      expect(readdirSync(directoryOf(image))).toEqual(['venv.squashfs'])
      expect((await run('unsquashfs', ['-l', image])).stdout.toString()).toContain('squashfs-root/a')
    })
  })

  it('keeps the file of its own process', async () => {
    await withImage(async (image) => {
      const seen: string[][] = []
      async function* meanwhile() {
        seen.push(leftoversOf(image))
        await writeImage([], image)
        seen.push(leftoversOf(image))
        yield new Uint8Array(7)
      }
      await writeImage([{ type: 'file', path: 'a', content: { size: 7, open: meanwhile } }], image)
      expect(seen[0]).toHaveLength(1)
      expect(seen[1]).toEqual(seen[0])
      expect(readdirSync(directoryOf(image))).toEqual(['venv.squashfs'])
    })
  })

  it('removes nothing for a reused pid with another start time', async () => {
    await withImage(async (image) => {
      const left = await leave(image)
      const [place, , started, rest] = left.slice('.venv.squashfs.'.length).split('-')
      // Our pid is in use. With the start time of the dead process it is not us, with ours it is.
      const name = (start: string) => `.venv.squashfs.${place}-${process.pid}-${start}-${rest}`
      writeFileSync(beside(image, name(started!)), 'of a dead one')
      const own = readFileSync('/proc/self/stat', 'latin1').split(') ').at(-1)!.split(' ')[19]!
      writeFileSync(beside(image, name(own)), 'of a live one')
      await writeImage([], image)
      expect(leftoversOf(image)).toEqual([name(own)])
    })
  })

  it('keeps files that may belong to another machine or container', async () => {
    await withImage(async (image) => {
      const left = await leave(image)
      const place = left.slice('.venv.squashfs.'.length).split('-')[0]!
      const elsewhere = left.replace(
        place,
        place.replace(/./g, (digit) => (digit === '0' ? '1' : '0')),
      )
      renameSync(beside(image, left), beside(image, elsewhere))
      await writeImage([], image)
      expect(leftoversOf(image)).toEqual([elsewhere])
    })
    await withImage(async (image) => {
      const other = await begin(image, 'unshare', '--pid', '--fork', '--kill-child', '--mount-proc')
      const theirs = leftoversOf(image)
      expect(theirs[0]).toMatch(/^\.venv\.squashfs\.[0-9a-f]{12}-1-/) // a pid that is in use here, by another
      await writeImage([], image)
      expect(leftoversOf(image)).toEqual(theirs)
      const end = once(other, 'close')
      other.stdin!.end()
      expect(await end).toEqual([0, null])
      expect(leftoversOf(image)).toEqual([])
    })
  })

  it('keeps directories, symlinks, files of other users and images, and other names', async () => {
    await withImage(async (image) => {
      const left = await leave(image)
      /** Another file of the same dead run. */
      const twin = (n: number) => left.replace(/[0-9a-f]{8}\.partial$/, `0000000${n}.partial`)
      mkdirSync(beside(image, twin(1)))
      symlinkSync(left, beside(image, twin(2)))
      writeFileSync(beside(image, twin(3)), '')
      chownSync(beside(image, twin(3)), 1234, 1234)
      const others = [
        left.replace('.venv.squashfs.', '.venv.squashfs.1.'),
        left.replace('.venv.', '.env.'),
        left.slice(1),
        `${left}.bak`,
        '.venv.squashfs.partial',
        '.venv.squashfs.4711.0badcafe.partial',
      ]
      for (const name of others) writeFileSync(beside(image, name), '')
      await writeImage([], image)
      const stay = [twin(1), twin(2), twin(3), ...others, 'venv.squashfs']
      expect(readdirSync(directoryOf(image)).sort()).toEqual(stay.sort())
    })
  })

  it('continues if it cannot remove a file', async () => {
    await withImage(async (image) => {
      const left = await leave(image)
      await run('mount', ['--bind', beside(image, left), beside(image, left)]) // a mount point cannot be unlinked
      try {
        await writeImage([], image)
        expect(readdirSync(directoryOf(image)).sort()).toEqual([left, 'venv.squashfs'])
      } finally {
        await run('umount', [beside(image, left)])
      }
    })
  })
})
