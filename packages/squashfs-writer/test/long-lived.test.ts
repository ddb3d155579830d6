/** Tests a program that packs many times: its memory does not grow, and no descriptor stays open. */
import { mkdirSync, readdirSync, readlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { contentBytes, run, withTmpfs } from 'fixtures'
import { DestinationError, packDirectory, UnreadableError } from 'squashfs-writer'
import { describe, expect, it, vi } from 'vitest'

const PACKINGS = 1_000
/** Packings until V8 has compiled what it optimises. Until then its heap grows by about 0.7 MiB, and afterwards no more. */
const EARLY = 400
const FILES = 200

/** Packs a directory this many times, and prints the used memory after the early ones and after all. */
const PACK_MANY = `
  const [source, image, early, packings] = process.argv.slice(1)
  const { packDirectory } = await import(${JSON.stringify(import.meta.resolve('squashfs-writer'))})
  const found = []
  for (let n = 1; n <= Number(packings); n++) {
    await packDirectory(source, image, { threads: 2 })
    if (n !== Number(early) && n !== Number(packings)) continue
    for (let pass = 0; pass < 3; pass++) {
      gc()
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    found.push(process.memoryUsage())
  }
  console.log(JSON.stringify(found))`

describe('memory', () => {
  it(`is the same after ${PACKINGS} packings in one process as after the first ${EARLY}`, async () => {
    await withTmpfs(async (directory) => {
      const source = sourceIn(directory)
      const script = ['--expose-gc', '--input-type=module', '-e', PACK_MANY]
      const args = [source, join(directory, 'image.squashfs'), String(EARLY), String(PACKINGS)]
      const { stdout } = await run(process.execPath, [...script, ...args])
      const [early, late] = JSON.parse(stdout.toString()) as [NodeJS.MemoryUsage, NodeJS.MemoryUsage]
      const grown = (of: keyof NodeJS.MemoryUsage) => (late[of] - early[of]) / MIB
      console.log(
        `memory in MiB after ${EARLY} and ${PACKINGS} packings of ${FILES} files: ` +
          `resident ${mib(early.rss)} and ${mib(late.rss)}, heap ${mib(early.heapUsed)} and ${mib(late.heapUsed)}`,
      )
      // A leak of a kilobyte per packing would be 0.59 MiB. The resident size also depends on the allocator.
      expect(grown('heapUsed')).toBeLessThan(0.59)
      expect(grown('external')).toBeLessThan(0.59)
      expect(grown('rss')).toBeLessThan(48)
    })
  }, 600_000)
})

describe.each([
  // With up to two threads the calling thread reads the source itself.
  { threads: 1, times: 30 },
  { threads: 2, times: 30 },
  { threads: 8, times: 10 },
])('with threads: $threads, no descriptor is left open', ({ threads, times }) => {
  it(`by ${times} packings that succeed`, async () => {
    await withTmpfs(async (directory) => {
      const source = sourceIn(directory)
      await expectNoneLeft(times, () => packDirectory(source, join(directory, 'image.squashfs'), { threads }))
    })
  })

  it(`by ${times} packings that fail because a file changes`, async () => {
    await withTmpfs(async (directory) => {
      const source = sourceIn(directory)
      await expectNoneLeft(times, (n) => {
        let turned = false
        const packed = packDirectory(source, join(directory, 'image.squashfs'), {
          threads,
          onProgress: ({ phase }) => {
            if (phase !== 'data' || turned) return
            turned = true
            writeFileSync(join(source, 'directory 1', 'large'), new Uint8Array(n + 1))
          },
        })
        return expect(packed).rejects.toThrow(UnreadableError)
      })
    })
  })

  it(`by ${times} packings that fail because the disk is full`, async () => {
    await withTmpfs(async (directory) => {
      const source = sourceIn(directory)
      await withTmpfs(async (small) => {
        await expectNoneLeft(times, () =>
          expect(packDirectory(source, join(small, 'image.squashfs'), { threads })).rejects.toThrow(
            DestinationError,
          ),
        )
      }, '1m')
    })
  })

  it(`by ${times} packings that are aborted, each at another time`, async () => {
    await withTmpfs(async (directory) => {
      const source = sourceIn(directory)
      await expectNoneLeft(times, (n) => {
        const stop = new AbortController()
        let reported = 0
        const packed = packDirectory(source, join(directory, 'image.squashfs'), {
          threads,
          signal: stop.signal,
          onProgress: () => {
            if (reported++ >= n % 10) stop.abort()
          },
        })
        return expect(packed).rejects.toThrow('aborted')
      })
    })
  })
})

/** Calls the function this many times, and expects the same open descriptors as after the first call. */
async function expectNoneLeft(times: number, pack: (n: number) => Promise<unknown>): Promise<void> {
  await pack(0) // the first call opens some files for good: for the threads of the pool, and libraries
  const before = descriptors().length
  for (let n = 1; n < times; n++) await pack(n)
  // Work may end a little later than the abort.
  await vi.waitFor(() => expect(descriptors().slice(before)).toEqual([]), { timeout: 20_000, interval: 50 })
}

/** The target of each open descriptor, by number. */
function descriptors(): string[] {
  const numbers = readdirSync('/proc/self/fd').map(Number)
  return numbers
    .sort((a, b) => a - b)
    .flatMap((number) => {
      try {
        return [`${number} ${readlinkSync(`/proc/self/fd/${number}`)}`]
      } catch {
        return [] // the descriptor by which the list itself was read
      }
    })
}

/** A directory of small files, and a file of several blocks in each of its directories. */
function sourceIn(directory: string): string {
  const source = join(directory, 'source')
  const directories = 10
  for (let n = 0; n < directories; n++) {
    const inner = join(source, `directory ${n}`)
    mkdirSync(inner, { recursive: true })
    for (let seed = 1; seed < FILES / directories; seed++)
      writeFileSync(
        join(inner, `${seed}`),
        contentBytes({ kind: 'text', seed: n * 100 + seed, size: 50 * seed, unit: 4096 }),
      )
    writeFileSync(
      join(inner, 'large'),
      contentBytes({ kind: 'noise', seed: n, size: 300_000 + n, unit: 4096 }),
    )
  }
  return source
}

const MIB = 1024 * 1024

function mib(bytes: number): string {
  return (bytes / MIB).toFixed(1)
}
