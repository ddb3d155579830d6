/** Tests how many threads compress, as a codec sees it, and when the calling thread is alone. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { run, withLustre, withTmpfs } from 'fixtures'
import { type Codec, memorySink, packDirectory } from 'squashfs-writer'
import { describe, expect, it } from 'vitest'

/** A codec that counts its calls in shared memory: [current, maximum at a time, all]. */
const COUNTING = `data:text/javascript,${encodeURIComponent(
  `export default (shared) => {
     const counts = new Int32Array(shared)
     return {
       name: 'counting',
       id: 1,
       compress(bytes) {
         const now = Atomics.add(counts, 0, 1) + 1
         for (let most = Atomics.load(counts, 1); most < now; most = Atomics.load(counts, 1))
           Atomics.compareExchange(counts, 1, most, now)
         Atomics.add(counts, 2, 1)
         Atomics.wait(counts, 3, 0, 2) // a while in which others may come
         Atomics.sub(counts, 0, 1)
         return bytes
       },
     }
   }`,
)}`

interface Counted {
  readonly most: number
  readonly calls: number
}

async function byModule(pack: (codec: Codec) => Promise<unknown>): Promise<Counted> {
  const shared = new SharedArrayBuffer(16)
  const { default: make }: { default: (shared: SharedArrayBuffer) => Codec } = await import(COUNTING)
  await pack({ ...make(shared), recipe: { kind: 'module', url: COUNTING, options: shared } })
  const counts = new Int32Array(shared)
  return { most: counts[1]!, calls: counts[2]! }
}

/** Noise without duplicates. */
function fill(directory: string, files: number, size: number): void {
  for (let n = 0; n < files; n++) {
    mkdirSync(join(directory, `${n % 20}`), { recursive: true })
    writeFileSync(
      join(directory, `${n % 20}`, `${n}`),
      Buffer.alloc(size, `This is the content of file ${n}. `),
    )
  }
}

/** Several threads compress at the same time only if there are as many cores. */
const leastOf = (threads: number) => (threads > 1 && availableParallelism() > 1 ? 2 : 1)

describe.each([1, 2, 4])('with threads: %i', (threads) => {
  it('exactly so many threads compress at a time', async () => {
    await withTmpfs(async (directory) => {
      fill(directory, 40, 3_000_000)
      const { most, calls } = await byModule((codec) =>
        packDirectory(directory, memorySink(), { codec, threads }),
      )
      expect(calls).toBeGreaterThan(900)
      expect(most).toBeLessThanOrEqual(threads)
      expect(most).toBeGreaterThanOrEqual(leastOf(threads))
    })
  })

  it('no more compress if many more workers wait for a slow filesystem', async () => {
    await withTmpfs(async (directory) => {
      fill(directory, 400, 200_000)
      await withLustre(directory, { delay: 2, xattrs: [] }, async (lustre) => {
        await lustre.atOnce()
        const { most, calls } = await byModule((codec) =>
          packDirectory(lustre.directory, memorySink(), { codec, threads }),
        )
        expect(await lustre.atOnce()).toBeGreaterThan(4)
        expect(calls).toBeGreaterThan(700)
        expect(most).toBeLessThanOrEqual(threads)
      })
    })
  })

  it.each([
    ['at once', 0],
    ['later', 2],
  ])(
    'a codec without a recipe has no more calls at a time, all in the calling thread, that end %s',
    async (_, time) => {
      await withTmpfs(async (directory) => {
        fill(directory, 12, 1_500_000)
        let [now, most, calls] = [0, 0, 0]
        const codec: Codec = {
          name: 'own',
          id: 1,
          compress(bytes) {
            most = Math.max(most, ++now)
            calls++
            const done = () => {
              now--
              return bytes
            }
            return time === 0 ? done() : setTimeout(time).then(done)
          },
        }
        await packDirectory(directory, memorySink(), { codec, threads })
        expect(calls).toBeGreaterThan(100)
        expect(most).toBeLessThanOrEqual(threads)
        expect(most).toBe(time === 0 ? 1 : threads)
      })
    },
  )
})

describe('a worker', () => {
  /** Runs a program that counts its workers. */
  async function workersFor(program: string, source = ''): Promise<number> {
    const script = `
      import { syncBuiltinESMExports } from 'node:module'
      import threads from 'node:worker_threads'
      let workers = 0
      threads.Worker = class extends threads.Worker {
        constructor(...args) {
          super(...args)
          workers++
        }
      }
      syncBuiltinESMExports()
      const { memorySink, packDirectory, writeImage } = await import(${JSON.stringify(import.meta.resolve('squashfs-writer'))})
      const source = ${JSON.stringify(source)}
      ${program}
      console.log(workers)`
    const { stdout } = await run(process.execPath, ['--input-type=module', '-e', script])
    return Number(stdout.toString())
  }

  it('is not spawned for an image of one string', async () => {
    const image = `await writeImage([{ type: 'file', path: 'a', content: 'Hello.' }], memorySink(), { threads: 8 })`
    expect(await workersFor(image)).toBe(0)
  })

  it('is not spawned for a small directory', async () => {
    await withTmpfs(async (directory) => {
      fill(directory, 20, 100)
      expect(await workersFor('await packDirectory(source, memorySink(), { threads: 8 })', directory)).toBe(0)
    })
  })

  it('is spawned if there is work for it, and never more than the threads option allows', async () => {
    await withTmpfs(async (directory) => {
      fill(directory, 60, 2_000_000)
      for (const threads of [1, 2, 4]) {
        const workers = await workersFor(
          `await packDirectory(source, memorySink(), { threads: ${threads} })`,
          directory,
        )
        // With one or two threads the calling thread is one of them.
        expect(workers).toBe([0, 0, 1, 4, 4][threads])
      }
    })
  })
})
