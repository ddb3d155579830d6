/** A virtual environment, or another directory that was asked for, as it lies at a path or in an image. */

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
  /** Absolute, with symlinks left as they are: the path that the scripts inside were written for. */
  readonly path: string
  /** The directory itself, all symlinks followed. */
  readonly realPath: string
}

/** The properties of an environment that its own files tell, on disk or in an image. */
export interface EnvironmentProperties {
  /** The content of `pyvenv.cfg`; undefined for a directory that is not a virtual environment. */
  readonly config: PyvenvConfig | undefined
  /** Whether conda made it (it has a `conda-meta`): many of its files name their prefix, where it works alone. */
  readonly conda: boolean
  /** The path for which `bin/activate` was made; undefined for an environment that works anywhere, and where no script says it. */
  readonly madeFor: string | undefined
}

/** Whether it works wherever it is mounted. A directory that no tool has made is taken for such. */
export function worksAnywhere({ config, conda }: Pick<Environment, 'config' | 'conda'>): boolean {
  return config?.relocatable ?? !conda
}

/** The only path at which an environment works; undefined if it works anywhere. */
export function onlyPath(environment: Environment): string | undefined {
  return worksAnywhere(environment) ? undefined : (environment.madeFor ?? environment.path)
}

/** Where the files of an environment are read from. */
export interface EnvironmentFiles {
  /** Undefined where there is no such file. */
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

/** Opens the environment at `typed`. Without `anyDirectory` it must be a virtual environment. */
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
  const usual = 'Give the directory of a venv, the one that holds pyvenv.cfg.'
  const { remedy, fix } = didYouMean(await venvsNear(path), usual)
  throw new Failure('NOT_A_DIRECTORY', `${typed} is not a directory`, remedy, { path, fix })
}

/** Only `pyvenv.cfg` has to be readable: it decides what is packed. */
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
  const usual = `To pack ${typed} as it is, add --any-directory.`
  const { remedy, fix = { options: ['--any-directory'] } } = didYouMean(await venvsNear(path), usual)
  return new Failure('NOT_A_VENV', `${typed} is not a virtual environment (it has no pyvenv.cfg)`, remedy, {
    path,
    fix,
  })
}

function didYouMean(near: readonly string[], otherwise: string): Pick<Failure, 'remedy' | 'fix'> {
  const [meant] = near
  if (meant === undefined) return { remedy: otherwise, fix: undefined }
  return { remedy: `Did you mean ${near.join(' or ')}? ${otherwise}`, fix: { meant } }
}

function unreadable(typed: string, path: string, error: unknown): Failure {
  const remedy = 'Make it readable, or pack it as another user.'
  return systemFailure('UNREADABLE', `${typed} cannot be read`, error, { path, remedy })
}

/** Names that people give to environments, looked at first. */
const USUAL_NAMES = ['.venv', 'venv', '.env', 'env']
const MAX_DIRECTORIES = 200
const MAX_HINTS = 3

/** Subdirectories of `path` that are virtual environments, else the directory above that is one; relative to where we are. */
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
    const usual = USUAL_NAMES.filter((name) => names.includes(name))
    const others = names.filter((name) => !usual.includes(name)).sort()
    return [...usual, ...others].slice(0, MAX_DIRECTORIES).map((name) => join(path, name))
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
