/** The distributions that are installed in an environment, as its `*.dist-info` directories are named. */
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { InodeType, type OpenImage } from 'squashfs-writer/read'
import { systemErrorCode } from '../system-errors.js'
import { textOf } from './paths.js'

/** Names as PyPI compares them (PEP 503), with their versions. */
export type Distributions = ReadonlyMap<string, string>

/** @param directory an environment's, with `lib/pythonX.Y/site-packages` in it. */
export async function distributionsIn(directory: string): Promise<Distributions> {
  const pythons = await namesIn(join(directory, 'lib'))
  const names = await Promise.all(
    pythons.map((python) => namesIn(join(directory, 'lib', python, 'site-packages'))),
  )
  return distributionsNamed(names.flat())
}

/** The same, of an environment in an image. */
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
      return found === undefined ? [] : [[plainName(found.name), found.version] as const]
    }),
  )
}

/** Nothing where there is no such directory. */
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
  /** How many are the same. */
  readonly unchanged: number
}

export interface Distribution {
  readonly name: string
  readonly version: string
}

/** The changes that lead from the old distributions to the new ones, in the order of names. */
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

/** The name as PyPI compares names (PEP 503). */
export function plainName(name: string): string {
  return name.toLowerCase().replace(/[-_.]+/g, '-')
}

/**
 * By the name of its directory, `ruamel.yaml-0.18.6.dist-info`: neither part holds a hyphen. Undefined for any other directory, and
 * for `~uamel.yaml-…`, which pip left when it removed one.
 */
export function distributionOf(directory: string): Distribution | undefined {
  const [, name, version] = /^([a-z0-9].*)-([^-]+)\.dist-info$/i.exec(directory) ?? []
  return name === undefined || version === undefined ? undefined : { name, version }
}

/** Whether a path is that of the list of a distribution's files. */
export function isRecord(path: string): boolean {
  return /\.dist-info\/RECORD$/.test(path)
}

function inOrder(entries: [string, string][]): readonly [string, string][] {
  return entries.sort(([a], [b]) => (a < b ? -1 : 1))
}

/** Nothing where there is no such directory. */
async function namesIn(directory: string): Promise<readonly string[]> {
  try {
    return await readdir(directory)
  } catch (error) {
    const code = systemErrorCode(error)
    if (code === 'ENOENT' || code === 'ENOTDIR') return []
    throw error
  }
}
