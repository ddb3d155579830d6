/** Helpers for fault tests: pack over an older image, inject a fault, and inspect the image afterwards. */

import type { ChildProcess } from 'node:child_process'
import { createHash } from 'node:crypto'
import { appendFileSync, readFileSync } from 'node:fs'
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { withDirectory } from 'fixtures'
import { expect, inject } from 'vitest'
import { type Ended, ended, fillWithNoise, type Surroundings, start } from '../test/command.js'
import type { Chance } from './chance.js'

export interface Run {
  readonly fault: string
  /** The file with the image's name after the run. */
  readonly image: 'old' | 'new' | 'gone'
  readonly code: number | string | null
}

/** Records a run for the table. */
export function recordRun(run: Run): void {
  appendFileSync(
    join(inject('runDirectory'), `${process.pid}-${process.env.VITEST_WORKER_ID}`),
    `${JSON.stringify(run)}\n`,
  )
}

export interface Place {
  /** The parent directory of the others. */
  readonly cwd: string
  /** The files that are packed: `noise-0` and so on, and `directory-0/file-0` and so on. */
  readonly source: string
  /** The directory of the image, which contains only the old image. */
  readonly directory: string
  readonly image: string
}

const DIRECTORIES = 12
const FILES = 12
const LARGE_FILES = 6

/** Returns a path in the packed directory. */
export function someFile(chance: Chance): string {
  const [directory, file] = [chance.integer(0, DIRECTORIES), chance.integer(1, FILES)]
  return chance.oneOf([`directory-${directory}/file-${file}`, `noise-${file % LARGE_FILES}`])
}

export function someDirectory(chance: Chance): string {
  return `directory-${chance.integer(0, DIRECTORIES)}`
}

export const old = 'the old image'

/** Calls `use` with a directory to pack and an old image. */
export async function withPlace(use: (place: Place) => Promise<void>): Promise<void> {
  await withDirectory(async (cwd) => {
    const place = placeIn(cwd, join(cwd, 'images'))
    await fill(place.source)
    await mkdir(place.directory)
    await renew(place)
    await use(place)
  })
}

export function placeIn(cwd: string, directory: string): Place {
  return { cwd, source: join(cwd, 'source'), directory, image: join(directory, 'venv.squashfs') }
}

export async function fill(source: string): Promise<void> {
  await mkdir(source)
  for (let directory = 0; directory < DIRECTORIES; directory++) {
    await mkdir(join(source, `directory-${directory}`))
    for (let file = 0; file < FILES; file++)
      await writeFile(
        join(source, `directory-${directory}`, `file-${file}`),
        `${directory} ${file}\n`.repeat(500 * file),
      )
  }
  await fillWithNoise(source, LARGE_FILES)
}

/** Writes the old image. */
export async function renew({ image }: Place): Promise<void> {
  await writeFile(image, old)
}

/**
 * Returns arguments that pack `source` over the old image. The level makes the packing slow enough for a fault to occur
 * during it.
 */
export function packing({ source, image }: Pick<Place, 'source' | 'image'>): readonly string[] {
  return ['pack', source, '--any-directory', '--force', '--no-base', '--level', '9', '--output', image]
}

export interface Undisturbed {
  /** The hash of the image. */
  readonly hash: string
  /** The size of the image. */
  readonly size: number
  /** The processor time of the packing, see {@link workOf}. */
  readonly work: number
}

/** Packs without a fault. */
export async function undisturbed(place: Place): Promise<Undisturbed> {
  const child = start(packing(place))
  const end = ended(child)
  let work = 0
  for (let now: number | null = 0; now !== null; now = workOf(child)) {
    work = now
    await setTimeout(1)
  }
  expect(await end).toMatchObject({ code: 0, stderr: '' })
  const image = await readFile(place.image)
  await renew(place)
  return { hash: hashOf(image), size: image.length, work }
}

/**
 * Returns the processor time that a process has used, in ticks of 10 ms. Unlike wall time it does not depend on the
 * load of the machine. Returns null if the process has ended.
 */
function workOf({ pid, exitCode, signalCode }: ChildProcess): number | null {
  if (exitCode !== null || signalCode !== null) return null
  try {
    // See proc_pid_stat(5): utime and stime are fields 14 and 15; the name, field 2, may hold blanks.
    const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ').at(-1)?.split(' ') ?? []
    return Number(fields[11]) + Number(fields[12])
  } catch {
    return null
  }
}

function hashOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

/** Packs, and calls `act` once the process has used `after` ticks of processor time. */
export async function packAndMeanwhile(
  args: readonly string[],
  after: number,
  act: (kill: (signal: NodeJS.Signals) => void) => Promise<void> | void,
  surroundings?: Surroundings,
): Promise<Ended> {
  const child = start(args, surroundings)
  const end = ended(child)
  for (let work = workOf(child); work !== null && work < after; work = workOf(child)) await setTimeout(1)
  await act((signal) => child.kill(signal))
  return await end
}

/** Returns which image has the name: the complete old one or the complete new one. Fails for anything else. */
export async function imageAt({ image }: Pick<Place, 'image'>, newHash: string): Promise<'old' | 'new'> {
  const bytes = await readFile(image)
  if (bytes.equals(Buffer.from(old))) return 'old'
  expect(hashOf(bytes)).toBe(newHash)
  return 'new'
}

/** Expects a failure of three or more lines: the problem with its path, the remedy, and a command line to paste. */
export function expectExplained(
  { stdout, stderr }: Ended,
  what: string | RegExp,
  remedy: string | RegExp,
): void {
  const lines = stderr.trimEnd().split('\n')
  expect(stdout).toBe('')
  expect(lines.at(0)).toMatch(/^venv-packer: /)
  expect(stderr).toMatch(what)
  expect(lines.at(-2)).toMatch(remedy)
  expect(lines.at(-1)).toMatch(/^ {4}\S/)
}

export async function expectOnlyImage({ directory }: Place): Promise<void> {
  expect(await readdir(directory)).toEqual(['venv.squashfs'])
}

export async function remove(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true, maxRetries: 5 })
}
