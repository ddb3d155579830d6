/** Where an image is mounted: at the place that was asked for, the only one at which it works, or a directory of our own. */
import { realpath, stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { Failure, type FailureDetails } from '../errors/failure.js'
import { messageOf, systemErrorCode } from '../errors/system-errors.js'
import { exitCodes } from '../exit-codes.js'
import { shellWord } from '../report/shell-word.js'
import type { PackedEnvironment } from '../venv/packed-environment.js'

/** An absolute path; undefined where the environment works anywhere, and no place was asked for. */
type WantedPoint = string | undefined

/**
 * @param at what was asked for, as it was typed.
 * @param packed undefined for an image that cannot be looked into.
 */
export async function chooseMountPoint(
  image: string,
  at: string | undefined,
  packed: PackedEnvironment | undefined,
): Promise<WantedPoint> {
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

async function onlyMountPoint(image: string, packed: PackedEnvironment | undefined): Promise<WantedPoint> {
  if (packed === undefined) {
    const message = `${image} is compressed in a way that venv-packer cannot read: where it works is not known`
    throw refusal('NO_MOUNT_POINT', message, 'Say where to mount it: --at FOLDER.')
  }
  const { config, conda, madeFor } = packed
  if (conda) {
    const message = `${image} holds an environment of conda, which works at its prefix alone`
    const mending = { line: `venv-packer cat ${shellWord(image)} conda-meta/history` }
    throw refusal(
      'NO_MOUNT_POINT',
      message,
      'Mount it there: --at PREFIX, the path at which conda made it.',
      {
        mending,
      },
    )
  }
  if (config === undefined) {
    const message = `${image} holds no virtual environment (it has no pyvenv.cfg)`
    throw refusal('NOT_A_VENV', message, 'To mount it all the same, say where: --at FOLDER.')
  }
  if (config.relocatable) return undefined
  if (madeFor === undefined) {
    const message = `${image} holds a venv that is not relocatable, and none of its scripts says where it works`
    throw refusal('NO_MOUNT_POINT', message, 'Say where to mount it: --at FOLDER.')
  }
  return await checked(madeFor, madeFor)
}

async function checked(point: string, typed: string): Promise<string> {
  if (point.includes(':')) {
    const message = `${typed} cannot be a part of PATH: it has a ':' in it`
    throw refusal('NO_MOUNT_POINT', message, 'Mount the image at another folder with --at.', { path: point })
  }
  try {
    if (point !== '/' && (await stat(point)).isDirectory()) return point
  } catch (error) {
    const code = systemErrorCode(error)
    if (code !== 'ENOENT') throw unusable(typed, point, error)
    const make = `mkdir -p ${shellWord(point)}`
    throw refusal(
      'NO_MOUNT_POINT',
      `there is no folder ${typed} to mount the image at`,
      `Make an empty one: ${make}`,
      { path: point, mending: { before: `${make} &&` } },
    )
  }
  throw refusal('NO_MOUNT_POINT', `${typed} is no folder to mount an image at`, 'Name one with --at.', {
    path: point,
  })
}

async function isSamePlace(a: string, b: string): Promise<boolean> {
  return a === b || (await realPathOf(a)) === (await realPathOf(b))
}

async function realPathOf(path: string): Promise<string> {
  return await realpath(path).catch(() => path)
}

function unusable(typed: string, point: string, cause: unknown): Failure {
  const reason = messageOf(cause)
  return new Failure(
    'NO_MOUNT_POINT',
    `${typed} cannot be looked at: ${reason}`,
    'Name another folder with --at.',
    {
      path: point,
      systemCode: systemErrorCode(cause),
      exitCode: exitCodes.commandNotStarted,
      cause,
    },
  )
}

function refusal(code: string, message: string, remedy: string, details: FailureDetails = {}): Failure {
  return new Failure(code, message, remedy, { ...details, exitCode: exitCodes.commandNotStarted })
}
