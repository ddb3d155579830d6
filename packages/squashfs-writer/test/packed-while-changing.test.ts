/** Tests files that cannot be read, or change while they are packed: they are reported by path, and never packed in part. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  appendFileSync,
  chmodSync,
  chownSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { type OnRead, run, survey, withDirectory, withLustre, withMount } from 'fixtures'
import {
  type Entry,
  openDirectory,
  type PackOptions,
  packDirectory,
  UnreadableError,
  writeImage,
} from 'squashfs-writer'
import { describe, expect, it } from 'vitest'

const MIB = 1024 * 1024

describe('a path that cannot be read', () => {
  it('stops the packing with one error that lists all such paths with reasons; no image is left', async () => {
    await withSource(async (source, image) => {
      const refuse = [
        { path: 'a', errno: 'EACCES' },
        { path: 'directory/locked', errno: 'EACCES' },
        { path: 'large', errno: 'EIO' },
      ] as const
      const error = await withLustre(source, { refuse }, ({ directory }) =>
        failureOf(packDirectory(directory, image)),
      )
      expect(error.paths.map(({ path, code }) => [path, code]).sort()).toEqual([
        ['a', 'EACCES'],
        ['directory/locked', 'EACCES'],
        ['large', 'EIO'],
      ])
      for (const { path, message } of error.paths) {
        expect(error.message).toContain(path)
        expect(message).not.toBe('')
      }
      expectNothingBeside(image)
    })
  })

  it('is listed with all others, directories and contents, not only the first one', async () => {
    await withSource(async (source, image) => {
      for (let index = 0; index < 50; index++) writeFileSync(join(source, `many-${index}`), `${index}`)
      const names = Array.from({ length: 50 }, (_, index) => `many-${index}`)
      const refuse = names.map((path) => ({ path, errno: 'EACCES' as const }))
      const error = await withLustre(source, { refuse }, ({ directory }) =>
        failureOf(packDirectory(directory, image)),
      )
      expect(error.paths.map(({ path }) => path).sort()).toEqual(names.sort())
    })
  })

  it("is left out and listed with unreadable: 'omit'; the rest is packed completely", async () => {
    await withSource(async (source, image) => {
      const refuse = [
        { path: 'a', errno: 'EACCES' },
        { path: 'directory/locked', errno: 'EACCES' },
        { path: 'large', errno: 'EIO' },
      ] as const
      const { omitted } = await withLustre(source, { refuse }, ({ directory }) =>
        packDirectory(directory, image, { unreadable: 'omit' }),
      )
      expect(omitted.map(({ path, code }) => [path, code]).sort()).toEqual([
        ['a', 'EACCES'],
        ['directory/locked', 'EACCES'],
        ['large', 'EIO'],
      ])
      await expectSameBut(source, image, ['a', 'directory/locked', 'directory/locked/inside', 'large'])
    })
  })

  it('is left out under all its names', async () => {
    await withSource(async (source, image) => {
      await run('ln', [join(source, 'a'), join(source, 'directory/second name of a')])
      const refuse = [
        { path: 'a', errno: 'EACCES' },
        { path: 'directory/second name of a', errno: 'EACCES' },
      ] as const
      const { omitted } = await withLustre(source, { refuse }, ({ directory }) =>
        packDirectory(directory, image, { unreadable: 'omit' }),
      )
      expect(omitted.map(({ path }) => path).sort()).toEqual(['a', 'directory/second name of a'])
      await expectSameBut(source, image, ['a', 'directory/second name of a'])
    })
  })

  it('is detected in the middle of a file: the disk fails after some megabytes', async () => {
    await withSource(async (source, image) => {
      const onRead: OnRead[] = [{ path: 'large', offset: 5 * MIB, act: 'error' }]
      const error = await withLustre(source, { onRead }, ({ directory }) =>
        failureOf(packDirectory(directory, image)),
      )
      expect(error.paths.map(({ path, code }) => [path, code])).toEqual([['large', 'EIO']])
      expectNothingBeside(image)
    })
  })

  it('because of its permissions, for an ordinary user', async () => {
    await withSource(async (source, image) => {
      const script = join(dirname(source), 'pack.mjs')
      writeFileSync(
        script,
        `const { packDirectory } = await import(${JSON.stringify(import.meta.resolve('squashfs-writer'))})
        const error = await packDirectory(process.argv[2], process.argv[3]).catch((error) => error)
        console.log(JSON.stringify({ name: error.name, paths: error.paths }))`,
      )
      await run('chown', ['-R', '65534:65534', dirname(source)])
      await run('chmod', ['0', join(source, 'a'), join(source, 'directory/locked')])
      const nobody = { uid: 65_534, gid: 65_534, cwd: '/' }
      const { stdout } = await run(process.execPath, [script, source, image], nobody)
      const { name, paths } = JSON.parse(stdout.toString())
      expect(name).toBe('UnreadableError')
      expect(paths.map(({ path, code }: { path: string; code: string }) => [path, code])).toEqual(
        expect.arrayContaining([
          ['a', 'EACCES'],
          ['directory/locked', 'EACCES'],
        ]),
      )
      expectNothingBeside(image)
    })
  })

  it('is not read when it is excluded', async () => {
    await withSource(async (source, image) => {
      const refuse = [
        { path: 'a', errno: 'EACCES' },
        { path: 'directory/locked', errno: 'EACCES' },
      ] as const
      await withLustre(source, { refuse }, ({ directory }) =>
        packDirectory(directory, image, { exclude: ['a', 'locked'] }),
      )
      await expectSameBut(source, image, ['a', 'directory/locked', 'directory/locked/inside'])
    })
  })

  it.each<[string, string, string, string]>([
    ['is not there', 'nowhere', 'ENOENT', 'there is no such directory'],
    ['is a file', 'a', 'ENOTDIR', 'it is not a directory'],
    ['lies below a file', 'a/b', 'ENOTDIR', 'a part of its path is not a directory'],
    ['is a symlink to a file', 'to a', 'ENOTDIR', 'it is not a directory'],
    ['is a symlink to nothing', 'to nothing', 'ENOENT', 'there is no such directory'],
    ['is a symlink to itself', 'to itself', 'ELOOP', 'it is a symlink that leads to itself'],
  ])('a directory that %s is reported as such, with a remedy', async (_, name, code, message) => {
    await withSource(async (source, image) => {
      symlinkSync('a', join(source, 'to a'))
      symlinkSync('gone', join(source, 'to nothing'))
      symlinkSync('to itself', join(source, 'to itself'))
      const path = join(source, name)
      for (const work of [() => packDirectory(path, image), () => openDirectory(path)]) {
        const error = await failureOf(work())
        expect(error.paths).toEqual([{ path, code, message }])
        expect(error.message).toContain('give a directory that is there')
        expect(error.message).not.toContain('omit')
      }
      expectNothingBeside(image)
    })
  })

  it('a symlink to a directory is followed', async () => {
    await withSource(async (source, image) => {
      const link = join(dirname(source), 'link to the source')
      symlinkSync('source', link)
      await packDirectory(link, image)
      await expectSameBut(source, image, [])
      const directory = await openDirectory(link)
      const paths: unknown[] = []
      for await (const { path } of directory.entries) paths.push(path)
      await directory.close()
      expect(paths).toContain('a')
    })
  })
})

describe('a file that changes after the scan', () => {
  const changes: readonly (readonly [string, (path: string) => void])[] = [
    ['vanishes', unlinkSync],
    ['shrinks', (path) => truncateSync(path, 1)],
    ['grows', (path) => appendFileSync(path, 'more')],
    ['is written to without changing its size', (path) => writeFileSync(path, 'Z', { flag: 'r+' })],
    ['is replaced by another', replace],
    ['becomes a directory', becomeDirectory],
  ]

  it.each(changes)('%s, is named in the error, and no image is left', async (_, change) => {
    await withSource(async (source, image) => {
      for (const name of ['a', 'large']) {
        const options = whenDataBegins(() => change(join(source, name)))
        const error = await failureOf(packDirectory(source, image, options))
        expect(error.paths.map(({ path }) => path)).toEqual([name])
        expectNothingBeside(image)
        rmSync(join(source, name), { recursive: true, force: true })
        writeFileSync(join(source, name), noise(9 * MIB))
      }
    })
  })

  it.each(changes)(
    "%s, is left out with unreadable: 'omit', and the rest is packed completely",
    async (_, change) => {
      await withSource(async (source, image) => {
        const options = whenDataBegins(() => {
          for (const name of ['a', 'large']) change(join(source, name))
        })
        const { omitted } = await packDirectory(source, image, { ...options, unreadable: 'omit' })
        expect(omitted.map(({ path }) => path)).toEqual(['a', 'large'])
        await expectSameBut(source, image, ['a', 'large'])
      })
    },
  )

  it('that an entry gives by path is detected, too', async () => {
    await withSource(async (source, image) => {
      const entries: Entry[] = [
        { type: 'file', path: 'x', content: { file: join(source, 'b') } },
        { type: 'file', path: 'y', content: { file: join(source, 'large') } },
      ]
      const options = whenDataBegins(() => truncateSync(join(source, 'large'), 10))
      // There is no scan, so the first report of progress is that of the first file.
      const error = await failureOf(writeImage(entries, image, options))
      expect(error.paths.map(({ path }) => path)).toEqual(['y'])
      expectNothingBeside(image)
    })
  })
})

describe('a file that gains or loses a name after the scan', () => {
  it.each([1, 2, 4])('is packed, for any size (%i threads)', async (threads) => {
    await withSource(async (source, image) => {
      const elsewhere = join(dirname(source), 'elsewhere')
      mkdirSync(elsewhere)
      linkSync(join(source, 'b'), join(elsewhere, 'b'))
      const options = whenDataBegins(() => {
        for (const name of ['a', 'large', 'directory/open'])
          linkSync(join(source, name), join(elsewhere, basename(name)))
        unlinkSync(join(elsewhere, 'b'))
      })
      await packDirectory(source, image, { ...options, threads })
      await expectSameBut(source, image, [])
    })
  })

  it('is packed while names are added and removed', async () => {
    await withSource(async (source, image) => {
      for (let n = 0; n < 200; n++) writeFileSync(join(source, `many-${n}`), `content ${n}`)
      const cache = join(dirname(source), 'cache')
      const script = `
        while :; do cp -al ${source} ${cache}; rm -rf ${cache}; done`
      const linking = spawn('sh', ['-c', script], { stdio: 'ignore', detached: true })
      try {
        for (let n = 0; n < 5; n++) {
          await packDirectory(source, image)
          await expectSameBut(source, image, [])
        }
      } finally {
        process.kill(-linking.pid!)
        await once(linking, 'close')
      }
    })
  })

  it.each<[string, (path: string) => void]>([
    ['whose permissions change', (path) => chmodSync(path, 0o600)],
    ['whose owner changes', (path) => chownSync(path, 1234, 1234)],
  ])('but %s is reported', async (_, change) => {
    await withSource(async (source, image) => {
      for (const name of ['a', 'large']) {
        const error = await failureOf(
          packDirectory(
            source,
            image,
            whenDataBegins(() => change(join(source, name))),
          ),
        )
        expect(error.paths).toMatchObject([{ path: name, code: 'CHANGED' }])
      }
    })
  })
})

describe('a file that changes while it is read', () => {
  it.each(['shrink', 'grow'] as const)(
    '(it is made to %s) is reported, and no image is left',
    async (act) => {
      await withSource(async (source, image) => {
        const onRead: OnRead[] = [{ path: 'large', offset: 5 * MIB, act }]
        const error = await withLustre(source, { onRead }, ({ directory }) =>
          failureOf(packDirectory(directory, image)),
        )
        expect(error.paths.map(({ path }) => path)).toEqual(['large'])
        expectNothingBeside(image)
      })
    },
  )

  it.each(['shrink', 'grow'] as const)(
    "(it is made to %s) is left out with unreadable: 'omit'",
    async (act) => {
      await withSource(async (source, image) => {
        const onRead: OnRead[] = [{ path: 'large', offset: 5 * MIB, act }]
        const { omitted } = await withLustre(source, { onRead }, ({ directory }) =>
          packDirectory(directory, image, { unreadable: 'omit' }),
        )
        expect(omitted.map(({ path }) => path)).toEqual(['large'])
        await expectSameBut(source, image, ['large'])
      })
    },
  )

  it('does not affect its duplicates: each is packed completely or listed', async () => {
    await withDirectory(async (directory) => {
      const source = join(directory, 'source')
      mkdirSync(source)
      const content = noise(64 * MIB)
      writeFileSync(join(source, 'a'), content)
      writeFileSync(join(source, 'b'), 'small, between the two')
      writeFileSync(join(source, 'c'), content)
      const image = join(directory, 'image.squashfs')
      let done = false
      const { omitted } = await packDirectory(source, image, {
        unreadable: 'omit',
        threads: 1,
        onProgress: ({ phase, bytesIn }) => {
          if (done || phase !== 'data' || bytesIn < 8 * MIB) return
          done = true
          truncateSync(join(source, 'a'), 9 * MIB)
        },
      })
      const left = omitted.map(({ path }) => path)
      expect(left).toContain('a')
      await expectSameBut(source, image, left)
    })
  })
})

describe('a stream', () => {
  it.each([
    ['gives less', 10, 'CHANGED'],
    ['gives more', 3, 'CHANGED'],
  ])('that %s than declared is reported, and no image is left', async (_, size, code) => {
    await withDirectory(async (directory) => {
      const image = join(directory, 'image.squashfs')
      async function* open() {
        yield new Uint8Array(5)
      }
      const error = await failureOf(writeImage([{ type: 'file', path: 'x', content: { size, open } }], image))
      expect(error.paths).toMatchObject([{ path: 'x', code }])
      expectNothingBeside(image)
    })
  })

  it('that fails is reported with its reason, and no image is left', async () => {
    await withDirectory(async (directory) => {
      const image = join(directory, 'image.squashfs')
      async function* open() {
        yield new Uint8Array(5)
        throw new Error('the tape is torn')
      }
      const entries: Entry[] = [{ type: 'file', path: 'x', content: { size: 10, open } }]
      const error = await failureOf(writeImage(entries, image))
      expect(error.message).toContain('the tape is torn')
      expectNothingBeside(image)
      await expect(writeImage([{ type: 'file', path: 'x', content: open() }], image)).rejects.toThrow(
        'the tape is torn',
      )
      expectNothingBeside(image)
    })
  })
})

/** A directory of small and large files, and the path for an image beside it. */
async function withSource(use: (source: string, image: string) => Promise<void>): Promise<void> {
  await withDirectory(async (directory) => {
    const source = join(directory, 'source')
    mkdirSync(join(source, 'directory/locked'), { recursive: true })
    writeFileSync(join(source, 'a'), 'the content of a')
    writeFileSync(join(source, 'b'), 'the content of b')
    writeFileSync(join(source, 'directory/locked/inside'), 'inside')
    writeFileSync(join(source, 'directory/open'), 'open')
    writeFileSync(join(source, 'large'), noise(9 * MIB))
    const place = join(directory, 'place')
    mkdirSync(place)
    await use(source, join(place, 'image.squashfs'))
  })
}

async function failureOf(packing: Promise<unknown>): Promise<UnreadableError> {
  const error = await packing.then(
    () => null,
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(UnreadableError)
  return error as UnreadableError
}

/** Options with which something is done when the tree is known and no content was read. */
function whenDataBegins(act: () => void): PackOptions {
  let done = false
  return {
    onProgress: ({ phase, files, totalFiles }) => {
      const scanned = phase === 'scan' && files >= 7
      const begun = phase === 'data' && files < totalFiles
      if (done || !(scanned || begun)) return
      done = true
      act()
    },
  }
}

function expectNothingBeside(image: string): void {
  expect(readdirSync(dirname(image))).toEqual([])
}

async function expectSameBut(source: string, image: string, missing: readonly string[]): Promise<void> {
  await withMount(image, async (mounted) => {
    const [there, here] = [await survey(source), await survey(mounted)]
    const facts = (tree: typeof there) =>
      [...tree]
        .map(([key, { type, size, sha256, errors }]) => ({ key, type, size, sha256, errors }))
        .filter(({ key }) => !missing.includes(key))
        .sort((a, b) => (a.key < b.key ? -1 : 1))
    expect(facts(here)).toEqual(facts(there))
    expect(missing.filter((key) => here.has(key))).toEqual([])
  })
}

function replace(path: string): void {
  writeFileSync(`${path}.new`, readFileSync(path))
  renameSync(`${path}.new`, path)
}

function becomeDirectory(path: string): void {
  unlinkSync(path)
  mkdirSync(path)
}

function noise(size: number): Buffer {
  const bytes = Buffer.alloc(size)
  let state = 1
  for (let at = 0; at + 4 <= size; at += 4) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    bytes.writeUInt32LE(state, at)
  }
  return bytes
}
