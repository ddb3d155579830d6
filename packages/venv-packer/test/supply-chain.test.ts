/** Tests which dependencies and files users get with the two packages, and that these are reproducible. */
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, realpathSync } from 'node:fs'
import { cp, mkdir, readFile, rm, symlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import glob from 'fast-glob'
import { run, withDirectory } from 'fixtures'
import { describe, expect, it } from 'vitest'

const workspace = fileURLToPath(new URL('../../../', import.meta.url))
const packages = ['squashfs-writer', 'venv-packer'] as const

interface Manifest {
  readonly name: string
  readonly version: string
  readonly license?: string
  readonly scripts?: Readonly<Record<string, string>>
  readonly dependencies?: Readonly<Record<string, string>>
  readonly devDependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

describe('the runtime dependencies', () => {
  it('are those of docs/dependencies.md, with version, licence and size', async () => {
    const found: string[][] = []
    for (const directory of installed()) {
      const { name, version, license = 'none' } = manifestOf(directory)
      found.push([name, version, license, inKilobytes(await sizeOf(directory))])
    }
    expect(documented().filter(isForThisMachine)).toEqual(found.sort(byName).filter(isForThisMachine))
  })

  it('need no install script: the only one that has one works without it', () => {
    const scripts = ['preinstall', 'install', 'postinstall']
    const having = installed()
      .map(manifestOf)
      .filter((manifest) => scripts.some((script) => manifest.scripts?.[script] !== undefined))
    // packed.test.ts installs without install scripts, and packs.
    expect(having.map(({ name }) => name)).toEqual(['koffi'])
  })

  it('have exact versions, like all packages in the workspace, and are locked by digests', () => {
    for (const directory of [
      '.',
      'benchmarks',
      'fixtures',
      'release',
      ...packages.map((name) => `packages/${name}`),
    ]) {
      const { dependencies, devDependencies } = manifestOf(join(workspace, directory))
      const versions = Object.values({ ...dependencies, ...devDependencies })
      expect(versions.filter((version) => !/^(\d+\.\d+\.\d+|workspace:\*)$/.test(version))).toEqual([])
    }
    const lockfile = readFileSync(join(workspace, 'pnpm-lock.yaml'), 'utf8')
    const locked = lockfile.slice(lockfile.indexOf('\npackages:'), lockfile.indexOf('\nsnapshots:'))
    const [entries, digests] = [/^ {2}\S.*:$/gm, /^ {4}resolution: \{integrity: sha512-[^}]+\}$/gm].map(
      (pattern) => locked.match(pattern)?.length,
    )
    expect(entries).toBeGreaterThan(50)
    expect(digests).toBe(entries)
    expect(readFileSync(join(workspace, 'package.json'), 'utf8')).toContain('install --frozen-lockfile')
  })
})

describe.each(packages)('the packed %s', (name) => {
  const directory = join(workspace, 'packages', name)

  it('contains its compiled sources (with types for the library), its program and its documentation, and nothing else', async () => {
    await withDirectory(async (scratch) => {
      const { stdout } = await run('tar', ['-tzf', await pack(directory, scratch)])
      const expected = [
        'CHANGELOG.md',
        'LICENSE',
        'README.md',
        'package.json',
        ...(await programFiles(directory)),
      ]
      for (const source of await glob('python/*.py', { cwd: directory })) expected.push(source)
      if (existsSync(join(directory, 'bin'))) expected.push('bin/venv-packer.cjs', 'dist/quick.cjs')
      if (name === 'squashfs-writer') {
        const sources = await glob('src/**/*.ts', { cwd: directory, ignore: ['**/*.test.ts', '**/*.d.ts'] })
        expected.push(...sources.map((source) => source.replace(/^src/, 'dist').replace(/\.ts$/, '.d.ts')))
      }
      const files = stdout.toString().trim().split('\n')
      expect(files.map((file) => file.replace(/^package\//, '')).sort()).toEqual(expected.sort())
    })
  })

  it('refers to no source map, since it contains none', async () => {
    for (const file of await glob('dist/**/*.{js,cjs,d.ts}', { cwd: directory })) {
      expect([file, await readFile(join(directory, file), 'utf8')]).toEqual([
        file,
        expect.not.stringContaining('sourceMappingURL'),
      ])
    }
  })
})

it('both have the same bytes when they are packed again, also after a build in another directory', async () => {
  await withDirectory(async (scratch) => {
    const copy = join(scratch, 'copy')
    await cp(join(workspace, 'packages'), join(copy, 'packages'), { recursive: true, verbatimSymlinks: true })
    for (const file of ['tsconfig.base.json', 'bundle.mjs']) await cp(join(workspace, file), join(copy, file))
    await symlink(join(workspace, 'node_modules'), join(copy, 'node_modules'))
    for (const name of packages) {
      for (const built of ['dist', 'tsconfig.tsbuildinfo']) {
        await rm(join(copy, 'packages', name, built), { recursive: true })
      }
    }
    const compiler = join(
      dirname(fileURLToPath(import.meta.resolve('typescript/package.json'))),
      'bin',
      'tsc',
    )
    await run(process.execPath, [compiler, '-b', 'packages/squashfs-writer', 'packages/venv-packer'], {
      cwd: copy,
    })
    await run(process.execPath, ['bundle.mjs'], { cwd: copy })
    for (const name of packages) {
      const sums = []
      for (const [turn, root] of [workspace, workspace, copy].entries()) {
        const target = join(scratch, `${name}-${turn}`)
        await mkdir(target)
        const tarball = await readFile(await pack(join(root, 'packages', name), target))
        sums.push(createHash('sha256').update(tarball).digest('hex'))
      }
      expect(sums).toEqual([sums[0], sums[0], sums[0]])
    }
  })
})

/** The scripts that the entry points of a package import. */
async function programFiles(directory: string): Promise<string[]> {
  const manifest = await readFile(join(directory, 'package.json'), 'utf8')
  const entries = manifest.match(/(?<="\.\/)dist\/[^"]+\.js(?=")/g) ?? []
  const found = new Set<string>(entries.length > 0 ? entries : ['dist/main.js'])
  for (const file of found) {
    const code = await readFile(join(directory, file), 'utf8')
    for (const [, path] of code.matchAll(/(?:from |import |import\(|new URL\()"(\.[^"]+\.c?js)"/g))
      found.add(join(dirname(file), path!))
  }
  return [...found]
}

/** Packs a package with npm; returns the path of the tarball. */
async function pack(directory: string, target: string): Promise<string> {
  const { stdout } = await run('npm', ['pack', '--silent', '--pack-destination', target], { cwd: directory })
  return join(target, stdout.toString().trim())
}

function manifestOf(directory: string): Manifest {
  return JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8'))
}

/** The directories of all runtime dependencies, each once. */
function installed(): string[] {
  const found = new Set<string>()
  const waiting: string[] = packages.map((name) => join(workspace, 'packages', name))
  for (let directory = waiting.pop(); directory !== undefined; directory = waiting.pop()) {
    const { dependencies, optionalDependencies } = manifestOf(directory)
    for (const name of Object.keys({ ...dependencies, ...optionalDependencies })) {
      const place = placeOf(name, directory)
      // Optional dependencies are binaries. Only the one for this machine is installed.
      if (place === null && dependencies?.[name] !== undefined) throw new Error(`${name} is not installed`)
      if (place === null || found.has(place) || packages.some((own) => own === name)) continue
      found.add(place)
      waiting.push(place)
    }
  }
  return [...found]
}

/** The directory in which Node finds a package. */
function placeOf(name: string, from: string): string | null {
  for (let at = from; ; at = dirname(at)) {
    const place = join(at, 'node_modules', name)
    if (existsSync(place)) return realpathSync(place)
    if (at === dirname(at)) return null
  }
}

async function sizeOf(directory: string): Promise<number> {
  const files = await glob('**', { cwd: directory, dot: true, stats: true, ignore: ['node_modules/**'] })
  return files.reduce((sum, { stats }) => sum + (stats?.size ?? 0), 0)
}

function inKilobytes(bytes: number): string {
  return `${Math.ceil(bytes / 1000).toLocaleString('en')} kB`
}

/** The rows of the documented table: name, version, licence, size. */
function documented(): string[][] {
  const text = readFileSync(join(workspace, 'docs', 'dependencies.md'), 'utf8')
  const rows = text.split('\n').filter((line) => line.startsWith('| `'))
  return rows.map((row) => {
    const [name, version, licence, size] = row
      .split('|')
      .map((cell) => cell.trim().replaceAll('`', ''))
      .slice(1)
    return [name!, version!, licence!, size!]
  })
}

/** The table has the binaries of Linux on x64. */
function isForThisMachine([name]: readonly string[]): boolean {
  return process.arch === 'x64' || !/-linux-/.test(name!)
}

function byName([a]: readonly string[], [b]: readonly string[]): number {
  return a! < b! ? -1 : 1
}
