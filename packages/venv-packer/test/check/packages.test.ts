/** Tests the sizes of installed packages, and findings about incomplete ones. */
import { existsSync } from 'node:fs'
import { mkdir, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DEBIAN_PYTHON, fixturesDirectory, referenceVenv, run, withDirectory, withLock } from 'fixtures'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { venvPacker } from '../command.js'
import {
  always,
  checked,
  fineTemplate,
  greeter,
  installWheel,
  sitePackages,
  type Template,
} from './environments.js'

let template: Template
beforeAll(async () => {
  const large = { name: 'large', version: '2.0', files: { 'large.py': `x = "${'y'.repeat(50_000)}"\n` } }
  template = await fineTemplate([greeter, large])
})
afterAll(() => template.remove())

interface Share {
  readonly name: string | null
  readonly version: string | null
  readonly files: number
  readonly bytes: number
  readonly bytesInImage: number | null
}

const sum = (numbers: readonly number[]) => numbers.reduce((a, b) => a + b, 0)

describe('by package', () => {
  it('files and bytes are summed up, the largest first, bytecode with its source', async () => {
    await template.copied(async (venv) => {
      const site = await sitePackages(venv)
      const { json } = await checked(venv)
      const [large, small, none] = json.packages as readonly Share[]
      const found = async (...paths: readonly string[]) => {
        const { stdout } = await run('find', [...paths, '-type', 'f', '-printf', '%s\\n'])
        const sizes = stdout.toString().trim().split('\n').map(Number)
        return { files: sizes.length, bytes: sum(sizes), bytesInImage: null }
      }
      const ofLarge = await run('find', [join(site, '__pycache__'), '-name', 'large.*'])
      expect(large).toEqual({
        name: 'large',
        version: '2.0',
        ...(await found(
          join(site, 'large.py'),
          join(site, 'large-2.0.dist-info'),
          ofLarge.stdout.toString().trim(),
        )),
      })
      expect(small).toEqual({
        name: 'greeter',
        version: '1.0',
        ...(await found(
          join(site, 'greeter'),
          join(site, 'greeter-1.0.dist-info'),
          join(venv, 'bin', 'greet'),
        )),
      })
      expect(none).toMatchObject({ name: null, version: null })
      const shares = json.packages as readonly Share[]
      expect(sum(shares.map(({ bytes }) => bytes))).toBe(json.bytes)
      expect(sum(shares.map(({ files }) => files))).toBe((json.files as number) + (json.symlinks as number))
    })
  })

  it('a table shows the ten largest, and the sum of the others', async () => {
    const { stdout } = await venvPacker(['check', await referenceVenv()])
    const lines = stdout.split('\n')
    const heading = lines.findIndex((line) => /^ {2}packages +files +bytes +share$/.test(line))
    expect(heading).toBeGreaterThan(0)
    const rows = lines.slice(heading + 1, heading + 13)
    expect(rows.slice(0, 10).every((row) => /^ {2}\S+ \S+ +[\d,]+ +[\d.]+ MB +[\d.]+ %$/.test(row))).toBe(
      true,
    )
    expect(rows[10]).toMatch(/^ {2}\d+ other packages +[\d,]+ /)
    expect(rows[11]).toMatch(/^ {2}in no package +[\d,]+ /)
  })

  it('pack reports the bytes in the image, which add up to its data', async () => {
    await template.copied(async (_venv, cwd) => {
      const { stdout } = await venvPacker(['pack', '.venv', '--json', '--compression', 'none'], { cwd })
      const report = JSON.parse(stdout) as {
        packages: readonly Share[]
        bytesIn: number
        duplicates: { bytes: number }
      }
      const stored = report.packages.map(({ bytesInImage }) => bytesInImage ?? Number.NaN)
      expect(sum(stored)).toBe(report.bytesIn - report.duplicates.bytes)
      const compressed = await venvPacker(['pack', '.venv', '--json', '--force'], { cwd })
      const [large] = (JSON.parse(compressed.stdout) as { packages: readonly Share[] }).packages
      expect(large).toMatchObject({ name: 'large' })
      expect(large!.bytesInImage).toBeLessThan(large!.bytes / 5)
      const { stdout: summary } = await venvPacker(['pack', '.venv', '--force'], { cwd })
      expect(summary).toMatch(/\n {2}packages {3}2; largest in the image: \w+ [\d.]+ \w+, \w+ [\d.]+ \w+\n/)
    })
  })
})

describe('a package', () => {
  it('with missing files, or empty files that should not be empty, is incomplete', async () => {
    await template.copied(async (venv) => {
      const site = await sitePackages(venv)
      await rm(join(site, 'greeter', 'words.py'))
      await rm(join(site, 'greeter', '__pycache__'), { recursive: true })
      await truncate(join(site, 'large.py'), 0)
      const { of } = await checked(venv)
      const inner = site.slice(venv.length + 1)
      const { severity, places } = of('PACKAGE_INCOMPLETE')
      expect(severity).toBe('warning')
      expect(places).toContainEqual({ path: `${inner}/greeter/words.py`, detail: 'missing' })
      expect(places.map(({ path }) => path)).not.toContainEqual(expect.stringContaining('__pycache__'))
    })
  })

  it('is complete if another one has replaced a file by an empty one', async () => {
    await template.copied(async (venv) => {
      const empty = { name: 'zz', files: { 'tests/__init__.py': '' } }
      const full = { name: 'aa', files: { 'tests/__init__.py': 'x = 1\n' } }
      for (const wheel of [full, empty]) await installWheel(venv, wheel)
      const tests = join(await sitePackages(venv), 'tests', '__init__.py')
      await truncate(tests, 0)
      expect((await checked(venv)).found).not.toContain('warning PACKAGE_INCOMPLETE')
      await rm(tests)
      const { places } = (await checked(venv)).of('PACKAGE_INCOMPLETE')
      expect(places).toEqual([{ path: tests.slice(venv.length + 1), detail: 'missing' }])
    })
  })

  it('is complete without the bytecode that virtualenv recorded, and its directories', async () => {
    await withDirectory(async (directory) => {
      const venv = join(directory, '.venv')
      await run(await virtualenv(), ['--quiet', '--python', DEBIAN_PYTHON, venv])
      expect((await checked(venv, ['--mount-point', venv])).found).not.toContain('warning PACKAGE_INCOMPLETE')
    })
  })

  it('without excluded files is complete', async () => {
    await template.copied(async (venv) => {
      expect((await checked(venv, ['--exclude', '*.csv'])).found).toEqual(always)
      expect((await checked(venv, ['--exclude', '**/greeter'])).found).toEqual(always)
    })
  })

  it('in two versions, or not removed completely, is reported', async () => {
    await template.copied(async (venv) => {
      const site = await sitePackages(venv)
      const info = join(site, 'Greeter-0.9.dist-info')
      await mkdir(info)
      const { found, of } = await checked(venv)
      expect(found).toEqual([
        'warning PACKAGE_TWICE',
        'warning PACKAGE_WITHOUT_METADATA',
        ...always,
        'note PACKAGE_WITHOUT_RECORD',
      ])
      const inner = site.slice(venv.length + 1)
      expect(of('PACKAGE_TWICE').places.map(({ path }) => path)).toEqual([
        `${inner}/Greeter-0.9.dist-info`,
        `${inner}/greeter-1.0.dist-info`,
      ])
      await writeFile(join(info, 'METADATA'), 'Metadata-Version: 2.1\nName: Greeter\nVersion: 0.9\n')
      expect((await checked(venv)).found).not.toContain('warning PACKAGE_WITHOUT_METADATA')
    })
  })
})

/** The program, got from the package index when first asked for, and kept for later runs. */
async function virtualenv(): Promise<string> {
  const directory = await fixturesDirectory('virtualenv')
  const program = join(directory, 'bin', 'virtualenv')
  return await withLock(`${directory}.lock`, async () => {
    if (!existsSync(program)) {
      await run(DEBIAN_PYTHON, ['-m', 'venv', directory])
      await run(join(directory, 'bin', 'python'), ['-m', 'pip', 'install', '--quiet', 'virtualenv'])
    }
    return program
  })
}
