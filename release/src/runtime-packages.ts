/** The npm packages in a wheel: venv-packer and its dependencies on Linux, each with the files that Node loads. */
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, realpath } from 'node:fs/promises'
import { dirname, extname, join } from 'node:path'
import { run, withDirectory } from 'fixtures'
import { type Manifest, packageDirectory, publishedPackages, readManifest, workspace } from './workspace.js'

/** A package in the wheel. */
export interface RuntimePackage {
  readonly name: string
  readonly version: string
  readonly license: string
  /** The files by their path in the package. */
  readonly files: ReadonlyMap<string, Uint8Array>
}

/** These packages, and those that only they need, are left out: the Node of the wheel has zstd. */
const LEFT_OUT: ReadonlySet<string> = new Set(['@mongodb-js/zstd'])

/** Matches packages with native binaries for the machines of the wheel: Linux with glibc, on x86_64 and aarch64. */
const BINARY_FOR_LINUX = /-linux-(x64|arm64)(-gnu)?$/

/** Extensions of files loaded at run time. Only these and licences are kept; no sources, types, docs, musl binaries. */
const LOADED = new Set(['.js', '.cjs', '.mjs', '.json', '.node', '.py'])
const LICENCE = /^(licen[cs]e|copying|notice)(\.\w+)?$/i
const FOR_MUSL = /(^|\/)musl_/

/**
 * Returns all packages, sorted by name.
 *
 * @throws Error if a package is not installed, is needed in two versions, or does not match the digest in the lockfile
 */
export async function runtimePackages(): Promise<readonly RuntimePackage[]> {
  const found = new Map<string, RuntimePackage>()
  const add = (one: RuntimePackage): void => {
    const other = found.get(one.name)
    if (other !== undefined && other.version !== one.version)
      throw new Error(`${one.name} is needed in two versions, ${other.version} and ${one.version}`)
    found.set(one.name, one)
  }
  const binaries = new Map<string, string>()
  const waiting = [packageDirectory('venv-packer')]
  for (const directory of waiting) {
    const manifest = await readManifest(directory)
    if (found.has(manifest.name)) continue
    add(await packageIn(directory, manifest))
    for (const name of Object.keys(manifest.dependencies ?? {})) {
      if (!LEFT_OUT.has(name)) waiting.push(await installedPackage(name, directory))
    }
    for (const [name, version] of Object.entries(manifest.optionalDependencies ?? {})) {
      if (BINARY_FOR_LINUX.test(name) && !LEFT_OUT.has(name)) binaries.set(name, version)
    }
  }
  const lockfile = await readFile(join(workspace, 'pnpm-lock.yaml'), 'utf8')
  for (const binary of await Promise.all(
    [...binaries].map(([name, version]) => packageFromRegistry(name, version, lockfile)),
  ))
    add(binary)
  return [...found.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
}

async function packageIn(directory: string, manifest: Manifest): Promise<RuntimePackage> {
  const isOwn = publishedPackages.some((name) => name === manifest.name)
  const paths = isOwn ? await publishedFiles(directory) : await allFiles(directory)
  const files = new Map<string, Uint8Array>()
  for (const path of paths.filter(isLoaded).sort()) files.set(path, await readFile(join(directory, path)))
  const { name, version, license = 'none' } = manifest
  return { name, version, license, files }
}

function isLoaded(path: string): boolean {
  const name = path.slice(path.lastIndexOf('/') + 1)
  return (LOADED.has(extname(name)) || LICENCE.test(name)) && !FOR_MUSL.test(path)
}

/** The files that npm would publish, according to `files` in package.json. */
async function publishedFiles(directory: string): Promise<string[]> {
  const { stdout } = await run('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], { cwd: directory })
  const [tarball] = JSON.parse(stdout.toString('utf8')) as { files: { path: string }[] }[]
  return tarball!.files.map(({ path }) => path)
}

async function allFiles(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(directory.length + 1))
    .filter((path) => !path.startsWith('node_modules/'))
}

/**
 * Returns the directory where Node finds a package: in `node_modules` of `from` or of one of its parents.
 * @throws Error if it is not installed.
 */
async function installedPackage(name: string, from: string): Promise<string> {
  for (let at = from; ; at = dirname(at)) {
    const place = join(at, 'node_modules', name)
    if (existsSync(place)) return await realpath(place)
    if (at === dirname(at)) throw new Error(`${name} is not installed: npm run setup`)
  }
}

/**
 * Downloads a package with npm, and checks it against the digest in the lockfile. Needed for packages with binaries:
 * only those for this machine are installed, but the wheel needs those for both.
 */
async function packageFromRegistry(name: string, version: string, lockfile: string): Promise<RuntimePackage> {
  return await withDirectory(async (scratch) => {
    const options = ['--silent', '--ignore-scripts', '--prefer-offline', '--pack-destination', scratch]
    const { stdout } = await run('npm', ['pack', ...options, `${name}@${version}`], { cwd: scratch })
    const tarball = join(scratch, stdout.toString('utf8').trim())
    const digest = createHash('sha512')
      .update(await readFile(tarball))
      .digest('base64')
    if (!lockfile.includes(`'${name}@${version}':\n    resolution: {integrity: sha512-${digest}}`))
      throw new Error(`${name}@${version}: its digest, sha512-${digest}, is not that of pnpm-lock.yaml`)
    const directory = join(scratch, 'extracted')
    await mkdir(directory)
    await run('tar', ['-xzf', tarball, '-C', directory, '--strip-components=1'])
    return await packageIn(directory, await readManifest(directory))
  })
}
