/** Verifies that packages were installed into the environment: settings of pip and uv can make them install elsewhere without a message. */
import { readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { delimiter, dirname, join, resolve } from 'node:path'
import { type Distributions, distributionsIn, normalizedName } from '../../environment/distributions.js'
import { type CommandFix, Failure } from '../../failure.js'
import { systemErrorCode } from '../../system-errors.js'
import { outputOf } from './run-step.js'
import type { CreateOptions, Step } from './steps.js'

export interface Installation {
  /** The step that has installed packages. */
  readonly step: Step
  readonly tool: 'uv' | 'venv'
  readonly createOptions: CreateOptions
  /** The directory of the environment. */
  readonly directory: string
  /** The distributions before the step. */
  readonly before: Distributions
}

/** @throws Failure if packages are missing. It names the setting, if that is known. */
export async function requireInstalled(installation: Installation): Promise<void> {
  const { step, tool, createOptions, directory, before } = installation
  const after = await distributionsIn(directory)
  const missing = namesOf(createOptions.packages).find((name) => !after.has(name))
  const isSame =
    after.size === before.size && [...after].every(([name, version]) => before.get(name) === version)
  if (missing === undefined && !isSame) return
  const setting =
    optionAmong(createOptions.passedOn) ??
    (await (tool === 'uv' ? settingOfUv(step.env) : settingOfPip(step)))
  // There may be nothing to install: an empty requirements file, or requirements for other systems.
  if (missing === undefined && setting === undefined) return
  const what = missing === undefined ? 'nothing is' : `${missing} is not`
  throw new Failure(
    'INSTALL',
    `${step.name} succeeded, but ${what} in the environment: ${setting?.words ?? 'it was installed elsewhere'}`,
    setting?.remedy ?? `See the output of ${step.name}, and the settings that it reads.`,
    { fix: setting?.fix },
  )
}

/** The names of packages that are given by name and version, not by URL or file. */
function namesOf(packages: readonly string[]): readonly string[] {
  return packages.flatMap((text) => {
    const name = /^([a-z0-9][\w.-]*)\s*(?:\[[^\]]*\]\s*)?(?:[<>=!~][^;@]*)?$/i.exec(text)?.[1]
    return name === undefined || /\.(?:whl|zip|tar\.\w+|tgz)$/.test(text) ? [] : [normalizedName(name)]
  })
}

interface Setting {
  /** Describes the setting, and where it is set. */
  readonly words: string
  readonly remedy: string
  readonly fix?: CommandFix
}

function optionAmong(passedOn: readonly string[]): Setting | undefined {
  const option = passedOn.find((word) => /^(?:-t|--(?:target|prefix|root|dry-run|user)(?:=.*)?)$/.test(word))
  if (option === undefined) return undefined
  return { words: `${option} was given after --`, remedy: 'Leave it out.' }
}

/** Settings that make pip install elsewhere. */
const ELSEWHERE = /^(?:target|prefix|root|dry-run|dry_run)$/

/** Reads `pip config debug`, which lists files and environment variables with their settings. */
async function settingOfPip({ program, env }: Step): Promise<Setting | undefined> {
  let place = ''
  for (const line of (await outputOf(program, ['-m', 'pip', 'config', 'debug'], env)).split('\n')) {
    const file = /^ {2}(\/.*), exists: True$/.exec(line)?.[1]
    const [, key = '', value] = /^ {4}([\w-]+\.[\w-]+): (.*)$/.exec(line) ?? []
    if (file !== undefined) place = file
    if (ELSEWHERE.test(key.split('.')[1] ?? '') && !/^(?:false|no|off|0)$/i.test(value ?? '')) {
      return {
        words: `${key} = ${value} is set in ${place}`,
        remedy: 'Remove it there, or have pip read no such file: PIP_CONFIG_FILE=/dev/null.',
        fix: { before: 'PIP_CONFIG_FILE=/dev/null' },
      }
    }
  }
  return undefined
}

/** Searches the files that uv reads, in order of precedence (docs.astral.sh/uv/concepts/configuration-files). */
async function settingOfUv(env: NodeJS.ProcessEnv): Promise<Setting | undefined> {
  for (const file of uvFiles(env)) {
    const line = settingInToml(await textOf(file), file.endsWith('pyproject.toml') ? 'tool.uv.pip' : 'pip')
    if (line !== undefined) {
      return {
        words: `${line} is set in ${file}`,
        remedy: 'Remove it there, or have uv read no such file: UV_NO_CONFIG=1.',
        fix: { before: 'UV_NO_CONFIG=1' },
      }
    }
  }
  return undefined
}

function uvFiles(env: NodeJS.ProcessEnv): readonly string[] {
  if (env.UV_CONFIG_FILE) return [env.UV_CONFIG_FILE]
  const project = directoriesFrom(resolve('.')).flatMap((directory) => [
    join(directory, 'uv.toml'),
    join(directory, 'pyproject.toml'),
  ])
  const user = env.XDG_CONFIG_HOME || join(env.HOME || homedir(), '.config')
  const system = (env.XDG_CONFIG_DIRS || '/etc/xdg').split(delimiter)
  return [
    ...project,
    ...[user, ...system].map((directory) => join(directory, 'uv', 'uv.toml')),
    '/etc/uv/uv.toml',
  ]
}

function directoriesFrom(directory: string): readonly string[] {
  const above = dirname(directory)
  return above === directory ? [directory] : [directory, ...directoriesFrom(above)]
}

/** The setting as `key = value`, in a TOML table of that name, or with the name of the table before the key. */
function settingInToml(text: string, table: string): string | undefined {
  let inside = ''
  for (const line of text.split('\n')) {
    inside = /^\s*\[([^[\]]+)\]/.exec(line)?.[1]?.replaceAll(/[\s"']/g, '') ?? inside
    const [, key = '', value = ''] = /^\s*([\w."'-]+)\s*=\s*(.*?)\s*$/.exec(line) ?? []
    const path = [inside, key].filter(Boolean).join('.').replaceAll(/["']/g, '')
    if (path === table) {
      const inner = /\b(target|prefix)\s*=\s*("[^"]*"|'[^']*')/.exec(value)
      if (inner) return `${table}.${inner[1]} = ${inner[2]}`
    }
    if (path === `${table}.target` || path === `${table}.prefix`) return `${path} = ${value}`
  }
  return undefined
}

async function textOf(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error
    return '' // it does not exist, or uv cannot read it either
  }
}
