/** Opens a virtual environment, or with `--any-directory` another directory, and reads its properties. */

import { access, readdir, readFile, realpath, stat } from 'node:fs/promises'
import { dirname, join, relative, resolve } from 'node:path'
import { Failure } from '../failure.js'
import { isMissing, systemErrorCode, systemFailure } from '../system-errors.js'
import { shellWord } from '../terminal/printable.js'
import { type PyvenvConfig, parsePyvenvConfig } from './pyvenv-cfg.js'
import { pathInActivateScript } from './scripts.js'

export interface Environment extends EnvironmentProperties {
  /** The path as it was typed, for messages. */
  readonly typed: string
  /** Absolute, symlinks not followed: scripts in the environment contain this path. */
  readonly path: string
  /** Absolute, all symlinks followed. */
  readonly realPath: string
}

/** The properties that the files of an environment state, on disk or in an image. */
export interface EnvironmentProperties {
  /** From `pyvenv.cfg`; undefined for a directory that is not a virtual environment. */
  readonly config: PyvenvConfig | undefined
  /** Whether conda made it (it has a `conda-meta`). Many of its files contain its path, so that it works only there. */
  readonly conda: boolean
  /** The path that `bin/activate` contains; undefined for a relocatable environment, and if the script contains none. */
  readonly madeFor: string | undefined
}

/** Whether an environment works wherever it is mounted. A directory that is no virtual environment is assumed to. */
export function worksAnywhere({ config, conda }: Pick<Environment, 'config' | 'conda'>): boolean {
  return config?.relocatable ?? !conda
}

/** The only path at which an environment works; undefined if it works anywhere. */
export function onlyPath(environment: Environment): string | undefined {
  return worksAnywhere(environment) ? undefined : (environment.madeFor ?? environment.path)
}

/** Reads files of an environment, on disk or in an image. */
export interface EnvironmentFiles {
  /** Undefined if there is no such file. */
  readonly text: (path: string) => Promise<string | undefined>
  readonly isDirectory: (path: string) => Promise<boolean>
}

export async function environmentProperties({
  text,
  isDirectory,
}: EnvironmentFiles): Promise<EnvironmentProperties> {
  const file = await text('pyvenv.cfg')
  if (file === undefined)
    return { config: undefined, conda: await isDirectory('conda-meta'), madeFor: undefined }
  const config = parsePyvenvConfig(file)
  const activate = config.relocatable ? undefined : await text('bin/activate')
  const madeFor = activate === undefined ? null : pathInActivateScript(activate)
  return { config, conda: false, madeFor: madeFor ?? undefined }
}

/**
 * Opens an environment. Without `anyDirectory` it must be a virtual environment.
 * @param typed its path as the user typed it.
 */
export async function openEnvironment(typed: string, anyDirectory: boolean): Promise<Environment> {
  const path = resolve(typed)
  const realPath = await directoryAt(typed, path)
  const properties = await environmentProperties({
    text: (file) => textOn(typed, path, file),
    isDirectory: (name) => isDirectory(resolve(path, name)),
  })
  const { config, conda } = properties
  if (conda && !anyDirectory) throw condaPrefix(typed, path)
  if (config === undefined && !anyDirectory) throw await notAVenv(typed, path)
  return { typed, path, realPath, ...properties }
}

async function isDirectory(path: string): Promise<boolean> {
  return await stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  )
}

function condaPrefix(typed: string, path: string): Failure {
  return new Failure(
    'NOT_A_VENV',
    `${typed} is an environment of conda, not a virtual environment: its files name their prefix, ${path}`,
    `To pack it, to be mounted at that prefix alone: --any-directory --mount-point ${shellWord(path)}.`,
    { path, fix: { options: ['--any-directory', '--mount-point', path] } },
  )
}

async function directoryAt(typed: string, path: string): Promise<string> {
  try {
    const found = await stat(path)
    if (found.isDirectory()) return await realpath(path)
  } catch (error) {
    if (isMissing(error)) {
      const { remedy, fix } = didYouMean(await venvsNear(resolve('.')), 'Give the directory of a venv.')
      throw new Failure('NOT_FOUND', `${typed} does not exist`, remedy, { path, fix })
    }
    throw unreadable(typed, path, error)
  }
  const otherwise = 'Give the directory of a venv, the one that holds pyvenv.cfg.'
  const { remedy, fix } = didYouMean(await venvsNear(path), otherwise)
  throw new Failure('NOT_A_DIRECTORY', `${typed} is not a directory`, remedy, { path, fix })
}

/** Only `pyvenv.cfg` must be readable: it decides what kind of environment this is. */
async function textOn(typed: string, path: string, name: string): Promise<string | undefined> {
  const file = resolve(path, name)
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    const code = systemErrorCode(error)
    if (code === undefined) throw error
    if (code === 'ENOENT' || code === 'EISDIR' || name !== 'pyvenv.cfg') return undefined
    throw unreadable(resolve(typed, name), file, error)
  }
}

async function notAVenv(typed: string, path: string): Promise<Failure> {
  const otherwise = `To pack ${typed} as it is, add --any-directory.`
  const { remedy, fix = { options: ['--any-directory'] } } = didYouMean(await venvsNear(path), otherwise)
  return new Failure('NOT_A_VENV', `${typed} is not a virtual environment (it has no pyvenv.cfg)`, remedy, {
    path,
    fix,
  })
}

function didYouMean(near: readonly string[], otherwise: string): Pick<Failure, 'remedy' | 'fix'> {
  const [suggestedPath] = near
  if (suggestedPath === undefined) return { remedy: otherwise, fix: undefined }
  return { remedy: `Did you mean ${near.join(' or ')}? ${otherwise}`, fix: { suggestedPath } }
}

function unreadable(typed: string, path: string, error: unknown): Failure {
  const remedy = 'Make it readable, or pack it as another user.'
  return systemFailure('UNREADABLE', `${typed} cannot be read`, error, { path, remedy })
}

/** Common names of environments, which are searched first. */
const COMMON_NAMES = ['.venv', 'venv', '.env', 'env']
const MAX_DIRECTORIES = 200
const MAX_HINTS = 3

/** Subdirectories of `path` that are virtual environments; if there are none, the nearest parent that is one. Relative paths if shorter. */
export async function venvsNear(path: string): Promise<readonly string[]> {
  const inside = await venvsAmong(await subdirectories(path), MAX_HINTS)
  const near = inside.length > 0 ? inside : await venvsAmong(directoriesAbove(path), 1)
  return near.map(shortest)
}

async function venvsAmong(directories: readonly string[], atMost: number): Promise<readonly string[]> {
  const found: string[] = []
  for (const directory of directories) {
    if (found.length === atMost) break
    if (await isVenv(directory)) found.push(directory)
  }
  return found
}

async function subdirectories(path: string): Promise<readonly string[]> {
  try {
    const entries = await readdir(path, { withFileTypes: true })
    const names = entries.filter((entry) => !entry.isFile()).map((entry) => entry.name)
    const common = COMMON_NAMES.filter((name) => names.includes(name))
    const others = names.filter((name) => !common.includes(name)).sort()
    return [...common, ...others].slice(0, MAX_DIRECTORIES).map((name) => join(path, name))
  } catch {
    return []
  }
}

function directoriesAbove(path: string): readonly string[] {
  const above = dirname(path)
  return above === path ? [] : [above, ...directoriesAbove(above)]
}

async function isVenv(directory: string): Promise<boolean> {
  try {
    await access(join(directory, 'pyvenv.cfg'))
    return true
  } catch {
    return false
  }
}

function shortest(path: string): string {
  const fromHere = relative('', path) || '.'
  return fromHere.length < path.length ? fromHere : path
}
