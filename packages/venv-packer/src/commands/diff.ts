/** `venv-packer diff`: lists the packages that differ between two environments. */

import { resolve } from 'node:path'
import type { Invocation } from '../cli/commands.js'
import {
  changesBetween,
  type DistributionChanges,
  type Distributions,
  distributionsIn,
  distributionsInImage,
} from '../environment/distributions.js'
import { type Environment, openEnvironment } from '../environment/environment.js'
import { packedEnvironment } from '../environment/packed-environment.js'
import { EXIT_CODES, type ExitCode } from '../failure.js'
import { isFile, noVenvInImage, type OpenedImage, withImage } from '../image/opened-image.js'
import { packageVersion } from '../package.js'
import { counted } from '../terminal/figures.js'
import { printable } from '../terminal/printable.js'
import { line, print } from '../terminal/printing.js'

export interface DiffRequest {
  /** Both paths as the user typed them. */
  readonly old: string
  readonly new: string
}

export interface DiffReport {
  readonly old: DiffSide
  readonly new: DiffSide
  readonly changes: DistributionChanges
}

/** An environment, on disk or in an image. */
export type DiffSide = Pick<Environment, 'typed' | 'path' | 'config'>

export async function runDiff({ values }: Invocation<'diff'>): Promise<ExitCode> {
  const report = await diff(values)
  await print(values.json ? diffJson(report) : diffText(report))
  return EXIT_CODES.done
}

export async function diff(request: DiffRequest): Promise<DiffReport> {
  const [before, after] = [await readSide(request.old), await readSide(request.new)]
  return { old: before.side, new: after.side, changes: changesBetween(before.found, after.found) }
}

async function readSide(typed: string): Promise<{ readonly side: DiffSide; readonly found: Distributions }> {
  if (await isFile(resolve(typed))) return await withImage(typed, readImageSide)
  const side = await openEnvironment(typed, false)
  return { side, found: await distributionsIn(side.path) }
}

async function readImageSide({
  typed,
  path,
  image,
}: OpenedImage): Promise<{ readonly side: DiffSide; readonly found: Distributions }> {
  const { config } = await packedEnvironment(image)
  if (config === undefined) throw noVenvInImage(typed, path)
  return { side: { typed, path, config }, found: await distributionsInImage(image) }
}

function diffText(report: DiffReport): string {
  return `${lines(report).join('\n')}\n`
}

function lines({ old, new: now, changes }: DiffReport): readonly string[] {
  const { added, removed, changed, unchanged } = changes
  return [
    `from ${printable(old.typed)} to ${printable(now.typed)}`,
    '',
    ...rows('python', [...python(old, now)]),
    ...rows(
      'added',
      added.map(({ name, version }) => `${name} ${version}`),
    ),
    ...rows(
      'removed',
      removed.map(({ name, version }) => `${name} ${version}`),
    ),
    ...rows(
      'changed',
      changed.map(({ name, old, new: version }) => `${name} ${old} -> ${version}`),
    ),
    ...rows('unchanged', [counted(unchanged, 'package')]),
  ]
}

function python(old: DiffSide, now: DiffSide): readonly string[] {
  const [before, after] = [old.config?.version, now.config?.version]
  return before === after ? [] : [`${before ?? 'unknown'} -> ${after ?? 'unknown'}`]
}

function rows(name: string, items: readonly string[]): readonly string[] {
  return items.map((item, n) => `  ${(n === 0 ? name : '').padEnd(11)}${printable(item)}`)
}

function diffJson({ old, new: now, changes }: DiffReport): string {
  const side = ({ path, config }: DiffSide): object => ({ path, python: config?.version ?? null })
  return line({
    ok: true,
    command: 'diff',
    version: packageVersion(),
    old: side(old),
    new: side(now),
    added: changes.added,
    removed: changes.removed,
    changed: changes.changed,
    unchanged: changes.unchanged,
  })
}
