/** Findings about installed packages: missing files, several versions, incomplete removals. */
import type { ByteString } from 'squashfs-writer/paths'
import { normalizedName } from '../../environment/distributions.js'
import { type CheckContext, type Finding, findingAt, type Location } from '../finding.js'
import type { Inventory } from '../inventory.js'
import type { Package, Recorded } from '../packages.js'

export function packageFindings({ inventory, packages }: CheckContext): readonly Finding[] {
  const { all } = packages
  const without = (file: ByteString) =>
    all.filter(({ info }) => !inventory.at.has(`${info}/${file}`) && !inventory.isExcluded(`${info}/${file}`))
  return [
    ...findingAt(lostFiles(all, inventory), {
      code: 'PACKAGE_INCOMPLETE',
      severity: 'warning',
      message: 'files of installed packages are missing or empty',
      effect: 'Imports that need them fail.',
      remedy:
        'Install these packages again (uv pip install --reinstall), and see whether the disk or quota was full.',
    }),
    ...findingAt(inSeveralVersions(all), {
      code: 'PACKAGE_TWICE',
      severity: 'warning',
      message: 'packages are registered in more than one version',
      effect: 'A program may see either version.',
      remedy:
        'Remove the dist-info directory of the version that is not installed, or install the package again.',
    }),
    ...findingAt(without('METADATA').map(locationOf), {
      code: 'PACKAGE_WITHOUT_METADATA',
      severity: 'warning',
      message: 'packages were not removed or installed completely: their dist-info has no METADATA',
      effect: 'Programs that ask for the version of a package fail.',
      remedy: 'Remove these directories, or install the packages again.',
    }),
    ...findingAt(without('RECORD').map(locationOf), {
      code: 'PACKAGE_WITHOUT_RECORD',
      severity: 'note',
      message: 'packages have no RECORD of their files',
      effect: 'They work, but it is not known which files belong to them.',
      remedy: 'Nothing to do.',
    }),
  ]
}

function locationOf({ info }: Package): Location {
  return { path: info }
}

/** Bytecode and its directories do not count as lost: Python makes them again, and virtualenv records some that it has not made. */
const BYTECODE = /\.pyc$|(?:^|\/)__pycache__(?:\/|$)/

/**
 * Files that a RECORD lists and that are missing or empty. Excluded files do not count. If several packages record a file, it may be
 * as any of them recorded it.
 */
function lostFiles(all: readonly Package[], inventory: Inventory): readonly Location[] {
  const { failureOf, isExcluded } = inventory
  const lost = new Map<ByteString, Location>()
  for (const { path, size } of recordedOf(all)) {
    if (BYTECODE.test(path)) continue
    const entry = inventory.at.get(path)
    if (entry === undefined) {
      if (!isExcluded(path)) lost.set(path, { path, detail: 'missing' })
    } else if (entry.type === 'file' && failureOf(entry) === null && entry.size === 0 && (size ?? 0) > 0) {
      lost.set(path, { path, detail: `empty instead of ${size} bytes` })
    }
  }
  if (lost.size === 0) return []
  for (const { path, size } of recordedOf(all)) if (size === 0 && inventory.at.has(path)) lost.delete(path)
  return [...lost.values()]
}

function* recordedOf(all: readonly Package[]): Generator<Recorded> {
  for (const { recorded } of all) yield* recorded ?? []
}

function inSeveralVersions(all: readonly Package[]): readonly Location[] {
  const byName = new Map<string, Package[]>()
  for (const one of all) {
    const name = normalizedName(one.name)
    byName.set(name, [...(byName.get(name) ?? []), one])
  }
  return [...byName.values()].filter(({ length }) => length > 1).flatMap((some) => some.map(locationOf))
}
