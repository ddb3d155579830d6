/** Tests that an image has its name only when it is complete, and that nothing else is left. */
import { execFile } from 'node:child_process'
import {
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { contentBytes, run, withDirectory, withMount, withTmpfs } from 'fixtures'
import {
  DestinationError,
  type Entry,
  memorySink,
  OptionError,
  type Progress,
  packDirectory,
  type Sink,
  writeImage,
} from 'squashfs-writer'
import { describe, expect, it, vi } from 'vitest'

const MIB = 1024 * 1024
const ENTRIES: Entry[] = [{ type: 'file', path: 'a', content: 'the content of a' }]

describe('an image', () => {
  it('does not appear under its name before it is complete', async () => {
    await withDirectory(async (directory) => {
      const image = join(directory, 'image.squashfs')
      const seen = new Map<Progress['phase'], boolean>()
      await writeImage(noisyEntries(30), image, {
        onProgress: ({ phase }) => void seen.set(phase, existsSync(image)),
      })
      expect([...seen.values()].filter((there) => there)).toEqual([])
      expect(seen.has('data')).toBe(true)
      expect(readdirSync(directory)).toEqual(['image.squashfs'])
    })
  })

  it('is private until it is complete, with any umask', async () => {
    await withDirectory(async (directory) => {
      const image = join(directory, 'image.squashfs')
      const modes = new Set<string>()
      const umask = process.umask(0)
      try {
        await writeImage(noisyEntries(30), image, {
          onProgress: () => {
            for (const name of readdirSync(directory).filter((name) => name.endsWith('.partial')))
              modes.add((statSync(join(directory, name)).mode & 0o777).toString(8))
          },
        })
      } finally {
        process.umask(umask)
      }
      expect([...modes]).toEqual(['600'])
      expect((statSync(image).mode & 0o777).toString(8)).toBe('666')
    })
  })

  it('can be read by those whom the umask allows', async () => {
    await withDirectory(async (directory) => {
      const image = join(directory, 'image.squashfs')
      const script = `
        process.umask(0o027)
        const { writeImage } = await import(${JSON.stringify(import.meta.resolve('squashfs-writer'))})
        await writeImage([], process.argv[1])`
      await run(process.execPath, ['--input-type=module', '-e', script, image])
      expect((statSync(image).mode & 0o777).toString(8)).toBe('640')
    })
  })

  it('that is mounted while it is replaced keeps its old content', async () => {
    await withDirectory(async (directory) => {
      const image = join(directory, 'image.squashfs')
      await writeImage([...noisyEntries(20), { type: 'file', path: 'version', content: 'old' }], image)
      const old = readFileSync(image)
      await withMount(image, async (mounted) => {
        await writeImage([{ type: 'file', path: 'version', content: 'new' }], image)
        await run('sh', ['-c', 'sync; echo 3 > /proc/sys/vm/drop_caches'])
        expect(readFileSync(join(mounted, 'version'), 'utf8')).toBe('old')
        for (const { path, content } of noisyEntries(20)) {
          expect(readFileSync(join(mounted, path)).equals(content)).toBe(true)
        }
        expect(readFileSync(image).equals(old)).toBe(false)
      })
      await withMount(image, async (mounted) => {
        expect(readFileSync(join(mounted, 'version'), 'utf8')).toBe('new')
      })
    })
  })

  it('behind a symlink is replaced, and the symlink stays', async () => {
    await withDirectory(async (directory) => {
      mkdirSync(join(directory, 'real'))
      writeFileSync(join(directory, 'real', 'image'), 'old')
      symlinkSync('real/image', join(directory, 'link'))
      await writeImage(ENTRIES, join(directory, 'link'))
      expect(lstatSync(join(directory, 'link')).isSymbolicLink()).toBe(true)
      expect(readFileSync(join(directory, 'real', 'image')).toString('latin1', 0, 4)).toBe('hsqs')
      expect(readdirSync(join(directory, 'real'))).toEqual(['image'])
    })
  })

  it('is announced when it is complete, before it replaces another, which can get a second name then', async () => {
    await withDirectory(async (directory) => {
      const image = join(directory, 'image.squashfs')
      const reported: string[] = []
      const beforeReplace = (path: string) => {
        reported.push(path)
        linkSync(path, `${path}.old`)
      }
      await writeImage(ENTRIES, image, { beforeReplace })
      expect(reported).toEqual([])
      const old = statSync(image).ino
      symlinkSync('image.squashfs', join(directory, 'link'))
      await writeImage([], join(directory, 'link'), { beforeReplace })
      expect(reported).toEqual([image])
      expect(statSync(`${image}.old`).ino).toBe(old)
      expect(statSync(image).ino).not.toBe(old)
      // Now the second name exists.
      const now = statSync(image).ino
      await expect(writeImage(ENTRIES, image, { beforeReplace })).rejects.toMatchObject({ code: 'EEXIST' })
      expect(statSync(image).ino).toBe(now)
      expect(readdirSync(directory).sort()).toEqual(['image.squashfs', 'image.squashfs.old', 'link'])
    })
  })

  it('may be in the directory that is packed: it does not contain itself', async () => {
    await withDirectory(async (directory) => {
      writeFileSync(join(directory, 'a'), 'the content of a')
      const image = join(directory, 'image.squashfs')
      await packDirectory(directory, image)
      await withMount(image, async (mounted) => expect(readdirSync(mounted)).toEqual(['a']))
    })
  })
})

describe('a failure', () => {
  it('of an entry leaves no file, and the old file stays', async () => {
    await withDirectory(async (directory) => {
      const image = join(directory, 'image.squashfs')
      writeFileSync(image, 'what was there before')
      const entries: Entry[] = [...noisyEntries(10), { type: 'hardlink', path: 'b', target: 'nowhere' }]
      await expect(writeImage(entries, image)).rejects.toMatchObject({ code: 'INVALID_ENTRY' })
      expect(readdirSync(directory)).toEqual(['image.squashfs'])
      expect(readFileSync(image, 'utf8')).toBe('what was there before')
    })
  })

  it('in the middle of the data leaves no file, and the old file stays', async () => {
    await withDirectory(async (directory) => {
      const image = join(directory, 'image.squashfs')
      writeFileSync(image, 'what was there before')
      async function* torn() {
        yield new Uint8Array(3 * MIB)
        throw new Error('torn')
      }
      const entries: Entry[] = [
        ...noisyEntries(10),
        { type: 'file', path: 'z', content: { size: 4 * MIB, open: torn } },
      ]
      await expect(writeImage(entries, image)).rejects.toMatchObject({ code: 'UNREADABLE' })
      expect(readdirSync(directory)).toEqual(['image.squashfs'])
      expect(readFileSync(image, 'utf8')).toBe('what was there before')
    })
  })

  it('of the progress callback stops the work and leaves no file', async () => {
    await withDirectory(async (directory) => {
      const onProgress = () => {
        throw new RangeError('the bar is too long')
      }
      await expect(writeImage(noisyEntries(10), join(directory, 'image'), { onProgress })).rejects.toThrow(
        RangeError,
      )
      expect(readdirSync(directory)).toEqual([])
    })
  })

  it('because the disk is full says so, and leaves no file', async () => {
    await withTmpfs(async (small) => {
      const image = join(small, 'image.squashfs')
      const error = await writeImage(noisyEntries(20), image).catch((reason: unknown) => reason)
      expect(error).toBeInstanceOf(DestinationError)
      expect(error).toMatchObject({ code: 'DESTINATION', path: image, cause: { code: 'ENOSPC' } })
      expect((error as Error).message).toContain('no space')
      expect(readdirSync(small)).toEqual([])
    }, '2m')
  })

  it('because the disk is full at the end, in the tables, leaves no file', async () => {
    await withTmpfs(async (small) => {
      const image = join(small, 'image.squashfs')
      const entries = Array.from({ length: 60_000 }, (_, n): Entry => {
        return { type: 'symlink', path: `${n}`, target: `${(n * 48_271) % 2_147_483_647}`.repeat(5) }
      })
      await expect(writeImage(entries, image)).rejects.toMatchObject({ cause: { code: 'ENOSPC' } })
      expect(readdirSync(small)).toEqual([])
    }, '256k')
  })

  it.each<[string, (directory: string) => string, string]>([
    ['a directory', (directory) => directory, 'EISDIR'],
    ['in a directory that is missing', (directory) => join(directory, 'missing', 'image'), 'ENOENT'],
    ['below a file', (directory) => join(directory, 'file', 'image'), 'ENOTDIR'],
  ])('because the destination is %s is reported before anything is read', async (_, place, code) => {
    await withDirectory(async (directory) => {
      writeFileSync(join(directory, 'file'), '')
      let read = false
      function* entries(): Generator<Entry> {
        read = true
        yield ENTRIES[0]!
      }
      const error = await writeImage(entries(), place(directory)).catch((reason: unknown) => reason)
      expect(error).toBeInstanceOf(DestinationError)
      expect(error).toMatchObject({ path: place(directory), cause: { code } })
      expect(read).toBe(false)
      expect(readdirSync(directory)).toEqual(['file'])
    })
  })

  it('because the destination is a device, fifo or socket does not change it', async () => {
    await withDirectory(async (directory) => {
      const fifo = join(directory, 'fifo')
      await run('mkfifo', [fifo])
      await expect(writeImage(ENTRIES, fifo)).rejects.toBeInstanceOf(DestinationError)
      await expect(writeImage(ENTRIES, '/dev/null')).rejects.toBeInstanceOf(DestinationError)
      expect(lstatSync(fifo).isFIFO()).toBe(true)
      expect(lstatSync('/dev/null').isCharacterDevice()).toBe(true)
    })
  })

  it('because of an invalid option is reported before anything is read or written', async () => {
    await withDirectory(async (directory) => {
      const image = join(directory, 'image')
      const wrong = [
        { blockSize: 5000 },
        { blockSize: 2048 },
        { blockSize: 2 * MIB },
        { threads: 0 },
        { padding: 0 },
        { offset: -1 },
        { createdAt: 2 ** 32 },
        { mtime: -1 },
        { rootMode: 0o10000 },
        { owner: { uid: -1 } },
      ]
      for (const options of wrong) {
        const name = Object.keys(options)[0]!
        const error = await packDirectory(directory, image, options).catch((reason: unknown) => reason)
        expect(error).toBeInstanceOf(OptionError)
        expect(error).toMatchObject({ code: 'INVALID_OPTION', message: expect.stringContaining(name) })
      }
      expect(readdirSync(directory)).toEqual([])
    })
  })
})

describe('an abort', () => {
  it.each(['scan', 'data', 'tables'] as const)(
    'in the phase %s ends with the reason of the signal and leaves no file',
    async (when) => {
      await withDirectory(async (directory) => {
        const source = join(directory, 'source')
        mkdirSync(source)
        for (const { path, content } of noisyEntries(20)) writeFileSync(join(source, path), content)
        const place = join(directory, 'place')
        mkdirSync(place)
        const image = join(place, 'image.squashfs')
        writeFileSync(image, 'what was there before')
        const controller = new AbortController()
        const reason = new Error('the user went home')
        const packing = packDirectory(source, image, {
          signal: controller.signal,
          onProgress: ({ phase }) => {
            if (phase === when) controller.abort(reason)
          },
        })
        await expect(packing).rejects.toBe(reason)
        expect(readdirSync(place)).toEqual(['image.squashfs'])
        expect(readFileSync(image, 'utf8')).toBe('what was there before')
      })
    },
    20_000,
  )

  it('while the complete image is flushed prevents the rename, and leaves no file', async () => {
    await withDirectory(async (directory) => {
      const image = join(directory, 'image.squashfs')
      writeFileSync(image, 'what was there before')
      const controller = new AbortController()
      // The system calls after everything is written.
      const file = await open(image)
      const sync = vi.spyOn(Object.getPrototypeOf(file), 'sync').mockImplementation(async () => {
        controller.abort(new Error('the user went home'))
      })
      await file.close()
      try {
        const packing = writeImage(ENTRIES, image, { signal: controller.signal })
        await expect(packing).rejects.toThrow('the user went home')
        expect(sync).toHaveBeenCalled()
      } finally {
        sync.mockRestore()
      }
      expect(readdirSync(directory)).toEqual(['image.squashfs'])
      expect(readFileSync(image, 'utf8')).toBe('what was there before')
    })
  })

  it.each(['never ends', 'fails later'])(
    'while `beforeReplace` %s ends it at once, leaves no file, and keeps the old image',
    async (how) => {
      await withDirectory(async (directory) => {
        const image = join(directory, 'image.squashfs')
        writeFileSync(image, 'what was there before')
        const controller = new AbortController()
        const beforeReplace = () => {
          setImmediate(() => controller.abort(new Error('enough')))
          return new Promise<void>((_, reject) => {
            if (how === 'fails later') setTimeout(() => reject(new Error('too late')), 50)
          })
        }
        const writing = writeImage(ENTRIES, image, { beforeReplace, signal: controller.signal })
        await expect(writing).rejects.toThrow('enough')
        expect(readdirSync(directory)).toEqual(['image.squashfs'])
        expect(readFileSync(image, 'utf8')).toBe('what was there before')
        await new Promise((resolve) => setTimeout(resolve, 60))
      })
    },
    20_000,
  )

  it('before the start does nothing', async () => {
    await withDirectory(async (directory) => {
      const image = join(directory, 'image.squashfs')
      await expect(packDirectory(directory, image, { signal: AbortSignal.abort() })).rejects.toMatchObject({
        name: 'AbortError',
      })
      expect(readdirSync(directory)).toEqual([])
    })
  })

  it('while a stream does not respond ends the packing without waiting for it', async () => {
    await withDirectory(async (directory) => {
      const image = join(directory, 'image.squashfs')
      const controller = new AbortController()
      async function* endless() {
        yield new Uint8Array(10)
        setTimeout(() => controller.abort(new Error('enough')), 50)
        await new Promise((resolve) => setTimeout(resolve, 60_000_000).unref())
      }
      const entries: Entry[] = [{ type: 'file', path: 'a', content: { size: 20, open: endless } }]
      await expect(writeImage(entries, image, { signal: controller.signal })).rejects.toThrow('enough')
      expect(readdirSync(directory)).toEqual([])
    })
  }, 20_000)

  it('leaves nothing that keeps the process alive', async () => {
    await withDirectory(async (directory) => {
      const script = `
        const { writeImage } = await import(${JSON.stringify(import.meta.resolve('squashfs-writer'))})
        const controller = new AbortController()
        const entries = Array.from({ length: 30 }, (_, n) => ({
          type: 'file', path: String(n), content: crypto.getRandomValues(new Uint8Array(60_000)),
        }))
        const onProgress = ({ phase }) => { if (phase === 'data') controller.abort(new Error('stop')) }
        await writeImage(entries, process.argv[1], { signal: controller.signal, onProgress }).catch(({ message }) => {
          console.log(message)
        })
        const { bytesOut } = await writeImage(entries, process.argv[1])
        console.log(bytesOut > 0)`
      const image = join(directory, 'image')
      const { stdout } = await run(process.execPath, ['--input-type=module', '-e', script, image])
      expect(stdout.toString()).toBe('stop\ntrue\n')
    })
  }, 60_000)
})

describe('a process that is killed', () => {
  it('in the middle of the work has not changed the old file', async () => {
    await withDirectory(async (directory) => {
      const image = join(directory, 'image.squashfs')
      writeFileSync(image, 'what was there before')
      const script = `
        const { writeImage } = await import(${JSON.stringify(import.meta.resolve('squashfs-writer'))})
        const entries = Array.from({ length: 30 }, (_, n) => ({
          type: 'file', path: String(n), content: crypto.getRandomValues(new Uint8Array(60_000)),
        }))
        await writeImage(entries, process.argv[1], {
          onProgress: ({ phase }) => { if (phase === 'tables') process.kill(process.pid, 'SIGKILL') },
        })`
      const signal = await new Promise((resolve) => {
        execFile(process.execPath, ['--input-type=module', '-e', script, image], (error) =>
          resolve(error?.signal),
        )
      })
      expect(signal).toBe('SIGKILL')
      expect(readFileSync(image, 'utf8')).toBe('what was there before')
    })
  })
})

describe('a sink', () => {
  it('of the caller gets the same image as a file and as a memory sink', async () => {
    await withDirectory(async (directory) => {
      const image = join(directory, 'image.squashfs')
      await writeImage(noisyEntries(20), image)
      const memory = memorySink()
      await writeImage(noisyEntries(20), memory)
      expect(Buffer.compare(memory.bytes(), readFileSync(image))).toBe(0)

      const pieces: { bytes: Uint8Array; position: number }[] = []
      const slow: Sink = {
        write: async (bytes, position) => {
          await new Promise((resolve) => setTimeout(resolve, 1))
          pieces.push({ bytes: Uint8Array.from(bytes), position })
        },
      }
      await writeImage(noisyEntries(20), slow)
      const whole = new Uint8Array(memory.bytes().length)
      for (const { bytes, position } of pieces) whole.set(bytes, position)
      expect(Buffer.compare(whole, memory.bytes())).toBe(0)
    })
  })

  it('that fails ends the work with its own error', async () => {
    const failing: Sink = {
      write: () => Promise.reject(new Error('the network is down')),
    }
    await expect(writeImage(noisyEntries(5), failing)).rejects.toThrow('the network is down')
  })
})

describe('progress', () => {
  it('goes through the phases in order, never decreases, and ends with everything done', async () => {
    await withDirectory(async (directory) => {
      const source = join(directory, 'source')
      mkdirSync(source)
      for (const { path, content } of noisyEntries(40)) writeFileSync(join(source, path), content)
      const image = join(directory, 'image.squashfs')
      const seen: Progress[] = []
      const { bytesIn } = await packDirectory(source, image, {
        onProgress: (progress) => seen.push({ ...progress }),
      })
      const phases = ['scan', 'data', 'tables', 'seal'] as const
      const order = seen.map(({ phase }) => phases.indexOf(phase))
      expect(order).toEqual([...order].sort((a, b) => a - b))
      expect([...new Set(seen.map(({ phase }) => phase))]).toEqual(phases)
      const data = seen.filter(({ phase }) => phase !== 'scan')
      for (const [index, now] of data.entries()) {
        const before = data[index - 1] ?? now
        expect(now.files).toBeGreaterThanOrEqual(before.files)
        expect(now.bytesIn).toBeGreaterThanOrEqual(before.bytesIn)
        expect(now.bytesOut).toBeGreaterThanOrEqual(before.bytesOut)
        expect(now).toMatchObject({ totalFiles: 40, totalBytes: bytesIn })
      }
      expect(data.at(-1)).toMatchObject({ files: 40, bytesIn })
    })
  })
})

/** Files that do not compress, of 200 kB each. */
function noisyEntries(count: number): (Entry & { path: string; content: Uint8Array })[] {
  return Array.from({ length: count }, (_, seed) => {
    const content = contentBytes({ kind: 'noise', seed, size: 200_000, unit: 4096 })
    return { type: 'file', path: `file-${seed}`, content }
  })
}
