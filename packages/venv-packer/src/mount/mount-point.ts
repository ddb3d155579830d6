/** Chooses the mount point of an image: the one that the user gives, or the only one at which the environment works. */
import { readFile, realpath, stat } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import type { EnvironmentProperties } from '../environment/environment.js'
import { EXIT_CODES, Failure, type FailureDetails } from '../failure.js'
import { systemErrorCode, systemFailure } from '../system-errors.js'
import { shellWord } from '../terminal/printable.js'

/** An absolute path; undefined if the environment works anywhere and the user gives no mount point. */
type ChosenPoint = string | undefined

/**
 * @param at the mount point as the user typed it.
 * @param packed undefined for an image that venv-packer cannot read.
 */
export async function chooseMountPoint(
  image: string,
  at: string | undefined,
  packed: EnvironmentProperties | undefined,
): Promise<ChosenPoint> {
  if (at === undefined) return await onlyMountPoint(image, packed)
  const point = resolve(at)
  const madeFor = packed?.madeFor
  if (madeFor !== undefined && !(await isSamePlace(point, madeFor))) {
    throw refusal(
      'WRONG_MOUNT_POINT',
      `${image} works at ${madeFor} alone: the venv in it is not relocatable`,
      'Leave --at out; uv venv --relocatable makes environments that work anywhere.',
      { path: point },
    )
  }
  return await checked(point, at)
}

async function onlyMountPoint(
  image: string,
  packed: EnvironmentProperties | undefined,
): Promise<ChosenPoint> {
  if (packed === undefined) {
    const message = `${image} is compressed in a way that venv-packer cannot read: where it works is not known`
    throw refusal('NO_MOUNT_POINT', message, 'Say where to mount it: --at DIRECTORY.')
  }
  const { config, conda, madeFor } = packed
  if (conda) {
    const message = `${image} holds an environment of conda, which works at its prefix alone`
    const line = `venv-packer cat ${shellWord(image)} conda-meta/history`
    throw refusal(
      'NO_MOUNT_POINT',
      message,
      'Mount it there: --at PREFIX, the path at which conda made it.',
      { fix: { line } },
    )
  }
  if (config === undefined) {
    const message = `${image} holds no virtual environment (it has no pyvenv.cfg)`
    throw refusal('NOT_A_VENV', message, 'To mount it all the same, say where: --at DIRECTORY.')
  }
  if (config.relocatable) return undefined
  if (madeFor === undefined) {
    const message = `${image} holds a venv that is not relocatable, and none of its scripts says where it works`
    throw refusal('NO_MOUNT_POINT', message, 'Say where to mount it: --at DIRECTORY.')
  }
  return await checked(madeFor, madeFor)
}

async function checked(point: string, typed: string): Promise<string> {
  if (point.includes(':')) {
    const message = `${typed} cannot be a part of PATH: it has a ':' in it`
    throw refusal('NO_MOUNT_POINT', message, 'Mount the image at another directory with --at.', {
      path: point,
    })
  }
  try {
    if (point !== '/' && (await stat(point)).isDirectory()) return point
  } catch (error) {
    const code = systemErrorCode(error)
    if (code !== 'ENOENT') throw unusable(typed, point, error)
    const make = `mkdir -p ${shellWord(point)}`
    throw refusal(
      'NO_MOUNT_POINT',
      `there is no directory ${typed} to mount the image at`,
      `Make an empty one: ${make}`,
      { path: point, fix: { before: `${make} &&` } },
    )
  }
  throw refusal('NO_MOUNT_POINT', `${typed} is no directory to mount an image at`, 'Name one with --at.', {
    path: point,
  })
}

async function isSamePlace(a: string, b: string): Promise<boolean> {
  return a === b || (await realPathOf(a)) === (await realPathOf(b))
}

async function realPathOf(path: string): Promise<string> {
  return await realpath(path).catch(() => path)
}

function unusable(typed: string, path: string, error: unknown): Failure {
  return systemFailure('NO_MOUNT_POINT', `${typed} cannot be looked at`, error, {
    path,
    remedy: 'Name another directory with --at.',
    exitCode: EXIT_CODES.commandNotStarted,
  })
}

function refusal(code: string, message: string, remedy: string, details: FailureDetails = {}): Failure {
  return new Failure(code, message, remedy, { ...details, exitCode: EXIT_CODES.commandNotStarted })
}

/** The source of the topmost mount at a path; undefined if nothing is mounted there. */
export async function mountedAt(path: string): Promise<string | undefined> {
  // Not `realpath(path)`: it fails if the daemon of a FUSE mount at the path has ended.
  const real = join(await realpath(dirname(path)), basename(path))
  const mountinfo = await readFile('/proc/self/mountinfo', 'utf8')
  const sources = mountinfo.split('\n').flatMap((line) => {
    const [, , , , point = '', ...rest] = line.split(' ')
    return unescaped(point) === real ? [unescaped(rest[rest.indexOf('-') + 2] ?? '')] : []
  })
  return sources.at(-1)
}

/** proc(5): white space and backslashes are written as three octal digits. */
function unescaped(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)))
}
