import { chmodSync, readFileSync, renameSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { withDirectory } from 'fixtures'
import { describe, expect, it } from 'vitest'
import { resolveOptions } from '../options.js'
import { packDirectory } from '../pack-directory.js'
import type { Pool } from '../source/workers/pool.js'
import { toByteString } from '../tree/byte-string.js'
import { openBase } from './open-base.js'

/** The jobs that are requested when an image is opened as a base, after `change`. */
async function jobsAfter(change: (image: string) => void): Promise<string[]> {
  return await withDirectory(async (scratch) => {
    writeFileSync(join(scratch, 'file'), 'content '.repeat(1000))
    const image = join(scratch, 'image.squashfs')
    const { record } = await packDirectory(scratch, image, { record: true, exclude: ['*.squashfs'] })
    change(image)
    const jobs: string[] = []
    const pool = {
      expect: () => {},
      run: async (name: string) => {
        jobs.push(name)
        return []
      },
    } as unknown as Pool
    const settings = resolveOptions({}, { unreadable: 'fail', unreadableRemedy: '' })
    const { base, problem } = await openBase({ path: toByteString(image), record }, settings.image, pool)
    expect(problem).toBeNull()
    expect(base?.checksums.size).toBe(1)
    base?.image.close()
    return jobs
  })
}

describe('blocks of a base', () => {
  it('are not read in advance if it is the file that was written', async () => {
    expect(await jobsAfter(() => {})).toEqual([])
  })

  it.each<[string, (image: string) => void]>([
    ['was touched', (image) => utimesSync(image, 1, 1)],
    ['got another mode', (image) => chmodSync(image, 0o400)],
    ['was written to', (image) => writeFileSync(image, readFileSync(image))],
    [
      'was renamed and renamed back',
      (image) => {
        renameSync(image, `${image}.1`)
        renameSync(`${image}.1`, image)
      },
    ],
  ])('are checked if it %s', async (_, change) => {
    expect(await jobsAfter(change)).toEqual(['check-base'])
  })
})
