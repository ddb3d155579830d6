/**
 * Writes the wheels for the Python index from the build output: one for each variant (glibc), with the same program
 * files.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { strToU8 } from 'fflate'
import { entryPoints, metadata, name, variants, wheelName, wheelTags } from './metadata.js'
import { type RuntimePackage, runtimePackages } from './runtime-packages.js'
import { wheelFile } from './wheel-file.js'
import { packageDirectory, readManifest, workspace } from './workspace.js'

/** A wheel that was written. */
export interface Wheel {
  readonly path: string
  readonly bytes: number
}

/**
 * Writes the wheels.
 *
 * @param directory created if it does not exist
 * @throws Error if a package in the wheel has another licence than the wheel
 */
export async function writeWheels(directory: string): Promise<readonly Wheel[]> {
  const home = packageDirectory('venv-packer')
  const manifest = await readManifest(home)
  const readme = await readFile(join(home, 'README.md'), 'utf8')
  const packages = await runtimePackages()
  requireLicence(packages, manifest.license)
  const program = new Map([...(await pythonFiles()), ...nodeModules(packages)])
  await mkdir(directory, { recursive: true })
  const written: Wheel[] = []
  for (const variant of variants) {
    const distInfo = `${name}-${manifest.version}.dist-info`
    const files = new Map(program)
    files.set(`${distInfo}/METADATA`, strToU8(metadata(manifest, variant, readme)))
    files.set(`${distInfo}/WHEEL`, strToU8(wheelTags(variant)))
    files.set(`${distInfo}/entry_points.txt`, strToU8(entryPoints))
    files.set(`${distInfo}/licenses/LICENSE`, await readFile(join(home, 'LICENSE')))
    const path = join(directory, wheelName(manifest, variant))
    const bytes = wheelFile(distInfo, files)
    await writeFile(path, bytes)
    written.push({ path, bytes: bytes.length })
  }
  return written
}

/** Throws if a package has another licence: the metadata names only one for the whole wheel. */
function requireLicence(packages: readonly RuntimePackage[], licence: string | undefined): void {
  const others = packages.filter((one) => one.license !== licence)
  if (others.length > 0)
    throw new Error(
      `the wheel says ${licence}, but holds ${others.map((one) => `${one.name} (${one.license})`).join(', ')}`,
    )
}

async function pythonFiles(): Promise<[string, Uint8Array][]> {
  const directory = join(workspace, 'release', 'python')
  const names = ['__init__.py', '__init__.pyi', '__main__.py', 'py.typed']
  return await Promise.all(
    names.map(async (file): Promise<[string, Uint8Array]> => {
      const path = `${name}/${file}`
      return [path, await readFile(join(directory, path))]
    }),
  )
}

function nodeModules(packages: readonly RuntimePackage[]): [string, Uint8Array][] {
  return packages.flatMap((one) =>
    [...one.files].map(([path, bytes]): [string, Uint8Array] => [
      `${name}/node_modules/${one.name}/${path}`,
      bytes,
    ]),
  )
}
