/** The wheels for the Python index, made from what is built: same contents, one for each range of glibc. */
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
 * @param directory is made if it is missing
 * @throws Error when a package in it has another licence than the wheel's
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

/** The metadata names one licence for all that the wheel holds. */
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
