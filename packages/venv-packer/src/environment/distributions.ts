/** Lists the distributions that are installed in an environment, by the names of its `*.dist-info` directories. */
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { InodeType, type OpenImage } from 'squashfs-writer/read'
import { systemErrorCode } from '../system-errors.js'
import { textOf } from './paths.js'

/** Versions by normalized name (PEP 503). */
export type Distributions = ReadonlyMap<string, string>

/** @param directory the directory of an environment, with `lib/pythonX.Y/site-packages` in it. */
export async function distributionsIn(directory: string): Promise<Distributions> {
  const pythons = await namesIn(join(directory, 'lib'))
  const names = await Promise.all(
    pythons.map((python) => namesIn(join(directory, 'lib', python, 'site-packages'))),
  )
  return distributionsNamed(names.flat())
}

/** Like {@link distributionsIn}, for an environment in an image. */
export async function distributionsInImage(image: OpenImage): Promise<Distributions> {
  const pythons = await namesInImage(image, 'lib')
  const names: string[] = []
  for (const python of pythons) names.push(...(await namesInImage(image, `lib/${python}/site-packages`)))
  return distributionsNamed(names)
}

function distributionsNamed(directories: readonly string[]): Distributions {
  return new Map(
    directories.flatMap((directory) => {
      const found = distributionOf(directory)
      return found === undefined ? [] : [[normalizedName(found.name), found.version] as const]
    }),
  )
}

/** Empty if the directory does not exist. */
async function namesInImage(image: OpenImage, path: string): Promise<readonly string[]> {
  const inode = await image.find(path, { followSymlinks: true })
  if (inode?.type !== InodeType.DIRECTORY) return []
  const names = await image.list(inode)
  return names.map(({ name }) => textOf(name))
}

export interface DistributionChanges {
  readonly added: readonly Distribution[]
  readonly removed: readonly Distribution[]
  readonly changed: readonly { readonly name: string; readonly old: string; readonly new: string }[]
  /** The number of distributions that have the same version in both. */
  readonly unchanged: number
}

export interface Distribution {
  readonly name: string
  readonly version: string
}

/** The differences between two environments, sorted by name. */
export function changesBetween(before: Distributions, after: Distributions): DistributionChanges {
  const only = (some: Distributions, others: Distributions): readonly Distribution[] =>
    inOrder([...some].filter(([name]) => !others.has(name))).map(([name, version]) => ({ name, version }))
  const both = inOrder([...after].filter(([name]) => before.has(name)))
  const changed = both.flatMap(([name, version]) => {
    const old = before.get(name)
    return old === undefined || old === version ? [] : [{ name, old, new: version }]
  })
  return {
    added: only(after, before),
    removed: only(before, after),
    changed,
    unchanged: both.length - changed.length,
  }
}

/** The normalized name, by which PyPI compares names (PEP 503). */
export function normalizedName(name: string): string {
  return name.toLowerCase().replace(/[-_.]+/g, '-')
}

/**
 * Reads name and version from the name of a directory, such as `ruamel.yaml-0.18.6.dist-info`. Neither part contains a hyphen.
 * Undefined for any other directory, and for `~uamel.yaml-…`, which pip leaves behind when it fails to remove a package.
 */
export function distributionOf(directory: string): Distribution | undefined {
  const [, name, version] = /^([a-z0-9].*)-([^-]+)\.dist-info$/i.exec(directory) ?? []
  return name === undefined || version === undefined ? undefined : { name, version }
}

/** Whether a path is that of a RECORD, the list of a distribution's files. */
export function isRecord(path: string): boolean {
  return /\.dist-info\/RECORD$/.test(path)
}

function inOrder(entries: [string, string][]): readonly [string, string][] {
  return entries.sort(([a], [b]) => (a < b ? -1 : 1))
}

/** Empty if the directory does not exist. */
async function namesIn(directory: string): Promise<readonly string[]> {
  try {
    return await readdir(directory)
  } catch (error) {
    const code = systemErrorCode(error)
    if (code === 'ENOENT' || code === 'ENOTDIR') return []
    throw error
  }
}
