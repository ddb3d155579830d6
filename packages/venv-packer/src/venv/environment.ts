/** What lies at the path that is to be packed: a virtual environment, or another folder that was asked for. */
import { readFile, realpath, stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { Failure } from '../errors/failure.js'
import { explainSystemError, messageOf, systemErrorCode } from '../errors/system-errors.js'
import { shellWord } from '../report/shell-word.js'
import { venvsNear } from './nearby.js'
import { type PyvenvConfig, parsePyvenvConfig } from './pyvenv-cfg.js'

export interface Environment {
  /** The path as it was typed, for messages. */
  readonly typed: string
  /** Absolute, with symlinks left as they are: the path that the scripts inside were written for. */
  readonly path: string
  /** The folder itself, all symlinks followed. */
  readonly realPath: string
  /** What `pyvenv.cfg` says; undefined for a folder that is not a virtual environment. */
  readonly config: PyvenvConfig | undefined
  /** Whether conda made it (it has a `conda-meta`): many of its files name their prefix, where it lies. */
  readonly conda: boolean
}

/** Whether it works wherever it is mounted. A folder that no tool has made is taken for such. */
export function worksAnywhere({ config, conda }: Pick<Environment, 'config' | 'conda'>): boolean {
  return config?.relocatable ?? !conda
}

/** Looks at `typed`, and refuses what cannot be packed. Without `anyDirectory` it must be a virtual environment. */
export async function openEnvironment(typed: string, anyDirectory: boolean): Promise<Environment> {
  const path = resolve(typed)
  const realPath = await folderAt(typed, path)
  const config = await readConfig(typed, path)
  const conda = config === undefined && (await isFolder(resolve(path, 'conda-meta')))
  if (conda && !anyDirectory) throw condaPrefix(typed, path)
  if (config === undefined && !anyDirectory) throw await notAVenv(typed, path)
  return { typed, path, realPath, config, conda }
}

async function isFolder(path: string): Promise<boolean> {
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
    { path, mending: { options: ['--any-directory', '--mount-point', path] } },
  )
}

async function folderAt(typed: string, path: string): Promise<string> {
  try {
    const found = await stat(path)
    if (found.isDirectory()) return await realpath(path)
  } catch (error) {
    const code = systemErrorCode(error)
    if (code === 'ENOENT' || code === 'ENOTDIR') {
      const { remedy, mending } = didYouMean(await venvsNear(resolve('.')), 'Give the folder of a venv.')
      throw new Failure('NOT_FOUND', `${typed} does not exist`, remedy, { path, mending })
    }
    throw unreadable(typed, path, error)
  }
  const usual = 'Give the folder of a venv, the one that holds pyvenv.cfg.'
  const { remedy, mending } = didYouMean(await venvsNear(path), usual)
  throw new Failure('NOT_A_FOLDER', `${typed} is not a folder`, remedy, { path, mending })
}

async function readConfig(typed: string, path: string): Promise<PyvenvConfig | undefined> {
  const file = resolve(path, 'pyvenv.cfg')
  try {
    return parsePyvenvConfig(await readFile(file, 'utf8'))
  } catch (error) {
    const code = systemErrorCode(error)
    if (code === 'ENOENT' || code === 'EISDIR') return undefined
    throw unreadable(resolve(typed, 'pyvenv.cfg'), file, error)
  }
}

async function notAVenv(typed: string, path: string): Promise<Failure> {
  const usual = `To pack ${typed} as it is, add --any-directory.`
  const { remedy, mending = { options: ['--any-directory'] } } = didYouMean(await venvsNear(path), usual)
  return new Failure('NOT_A_VENV', `${typed} is not a virtual environment (it has no pyvenv.cfg)`, remedy, {
    path,
    mending,
  })
}

function didYouMean(near: readonly string[], otherwise: string): Pick<Failure, 'remedy' | 'mending'> {
  const [meant] = near
  if (meant === undefined) return { remedy: otherwise, mending: undefined }
  return { remedy: `Did you mean ${near.join(' or ')}? ${otherwise}`, mending: { meant } }
}

function unreadable(typed: string, path: string, error: unknown): Failure {
  const code = systemErrorCode(error)
  const { message } = explainSystemError(code, messageOf(error))
  return new Failure(
    'UNREADABLE',
    `${typed} cannot be read: ${message}`,
    'Make it readable, or pack it as another user.',
    {
      path,
      systemCode: code,
      cause: error,
    },
  )
}
