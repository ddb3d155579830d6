/** Tests the main task on a real environment of more than 20,000 inodes: pack it, mount it at another path, use it. */
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { differences, EVERY_FACET, referenceVenv, run, surveys, withMount } from 'fixtures'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Ended, venvPacker } from './command.js'

/** Without link counts of directories, which are 1 on some filesystems (btrfs, overlay). Hard links of files are still compared. */
const facets = EVERY_FACET.filter((facet) => facet !== 'links')

describe('a real environment', () => {
  let venv: string
  let directory: string
  let image: string
  let packed: Ended

  beforeAll(async () => {
    venv = await referenceVenv()
    directory = await mkdtemp(join(tmpdir(), 'venv-packer-real-'))
    image = join(directory, 'venv.squashfs')
    packed = await venvPacker(['pack', venv, '-o', image, '--json'])
  })

  afterAll(() => rm(directory, { recursive: true, force: true }))

  it('of at least 20,000 inodes becomes one image', async () => {
    expect(packed).toMatchObject({ code: 0, stderr: '' })
    const report = JSON.parse(packed.stdout)
    const { stdout } = await run('find', [venv, '-printf', '%i\\n'])
    expect(report.inodes).toBe(new Set(stdout.toString().trim().split('\n')).size)
    expect(report.inodes).toBeGreaterThanOrEqual(20_000)
    expect(report.bytesOut).toBe((await stat(image)).size)
  })

  it('is the same in the mounted image, entry by entry, byte by byte', async () => {
    await withMount(image, async (mounted) => {
      const [expected, found] = await surveys([venv, mounted])
      expect(found!.size).toBe(expected!.size)
      expect(differences(expected!, found!, facets)).toEqual([])
    })
  })

  it('runs from where the image is mounted: numpy and pandas are imported from there', async () => {
    await withMount(image, async (mounted) => {
      const code =
        'import numpy, pandas, sys; print(sys.prefix, numpy.__file__, pandas.__file__, pandas.Series([1, 2]).sum())'
      const { stdout } = await run(join(mounted, 'bin', 'python'), ['-c', code])
      const [prefix, numpy, pandas, sum] = stdout.toString().trim().split(' ')
      expect({ prefix, sum }).toEqual({ prefix: mounted, sum: '3' })
      for (const file of [numpy, pandas]) expect(file?.startsWith(`${mounted}/`)).toBe(true)
    })
  })

  it('gives the same bytes if it is packed again', async () => {
    const again = `${image}.again`
    await venvPacker(['pack', venv, '-o', again, '--threads', '1'])
    expect((await readFile(again)).equals(await readFile(image))).toBe(true)
  })
})
