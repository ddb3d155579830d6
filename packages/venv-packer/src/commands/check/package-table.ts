/** The table of packages: the largest first, the rest in one line. */
import type { PackageShare } from '../../check/package-shares.js'
import { bytes, count, counted, percent } from '../../terminal/figures.js'
import { printable } from '../../terminal/printable.js'

const packagesShown = 10

/** Lines with a heading; none where there are no packages. */
export function packageTable(shares: readonly PackageShare[], bytesOfAll: number): readonly string[] {
  const packages = shares.filter(({ name, files }) => name !== null && files > 0)
  if (packages.length === 0) return []
  const shown = packages.slice(0, packagesShown).map((share) => ({ ...share, label: labelOf(share) }))
  const hidden = packages.slice(packagesShown)
  const others = shares.filter(({ name }) => name === null)
  const rows = [
    ...shown,
    ...(hidden.length === 0 ? [] : [{ ...together(hidden), label: counted(hidden.length, 'other package') }]),
    ...others.map((share) => ({ ...share, label: 'in no package' })),
  ]
  return aligned([
    ['packages', 'files', 'bytes', 'share'],
    ...rows.map((row) => [row.label, count(row.files), bytes(row.bytes), percent(row.bytes, bytesOfAll)]),
  ])
}

function labelOf({ name, version }: PackageShare): string {
  return printable(`${name} ${version}`.trim())
}

function together(shares: readonly PackageShare[]): { readonly files: number; readonly bytes: number } {
  return {
    files: shares.reduce((sum, { files }) => sum + files, 0),
    bytes: shares.reduce((sum, share) => sum + share.bytes, 0),
  }
}

/** The first column to the left, the others to the right. */
function aligned(rows: readonly (readonly string[])[]): readonly string[] {
  const columns = rows[0]?.length ?? 0
  const widths = Array.from({ length: columns }, (_, n) =>
    Math.max(...rows.map((row) => row[n]?.length ?? 0)),
  )
  return rows.map((row) =>
    row.map((text, n) => (n === 0 ? text.padEnd(widths[n] ?? 0) : text.padStart(widths[n] ?? 0))).join('  '),
  )
}
