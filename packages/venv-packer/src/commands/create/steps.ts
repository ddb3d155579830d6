/** The programs that make an environment and install into it: uv, or venv and pip. */

import { basename, join } from 'node:path'
import { withoutPythonSettings } from '../../environment/interpreter.js'
import { type CommandFix, wrongUsage } from '../../failure.js'

export interface Step {
  /** How people call it: `uv pip install`. */
  readonly name: string
  readonly program: string
  readonly args: readonly string[]
  readonly env: NodeJS.ProcessEnv
  /** Whether its output is worth a look while it runs. */
  readonly talks: boolean
  /** Of the failure, when it fails. */
  readonly code: 'ENVIRONMENT' | 'INSTALL'
  readonly remedy: string
  /** The remedy when there is no such program. */
  readonly missing: string
  /** Of both, where their codes do not say it. */
  readonly fix?: CommandFix
}

/** One after the other. */
export interface Steps {
  readonly make: Step
  readonly install: Step
}

/** The packages of an environment to be created, and its Python. */
export interface CreateOptions {
  /** A version or a path; undefined: the tool's own choice. */
  readonly python: string | undefined
  /** Files in the format of pip's requirements. */
  readonly requirements: readonly string[]
  readonly packages: readonly string[]
  /** Options for the program that installs, untouched. */
  readonly passedOn: readonly string[]
  /** Whether the modules are compiled when they are packed, so that nothing needs to do it before. */
  readonly compiles: boolean
}

/** The packages to install, as pip and uv both take them. */
export function installArguments({ requirements, packages, passedOn }: CreateOptions): readonly string[] {
  return [...requirements.flatMap((file) => ['-r', file]), ...packages, ...passedOn]
}

const MISSING =
  'Install it (pip install uv, or see docs.astral.sh/uv), or use --with venv --mount-point PATH.'

export function stepsWithUv(
  directory: string,
  createOptions: CreateOptions,
  variables: NodeJS.ProcessEnv,
): Steps {
  const env = uvSettings(variables, createOptions.compiles)
  const python = createOptions.python === undefined ? [] : ['--python', createOptions.python]
  return {
    make: {
      name: 'uv venv',
      program: 'uv',
      args: ['venv', '--relocatable', ...python, directory],
      env,
      talks: false,
      code: 'ENVIRONMENT',
      remedy: 'Name another Python with --python, by its version or its path.',
      missing: MISSING,
    },
    install: {
      name: 'uv pip install',
      program: 'uv',
      args: [
        'pip',
        'install',
        '--python',
        join(directory, 'bin', 'python'),
        ...installArguments(createOptions),
      ],
      env,
      talks: true,
      code: 'INSTALL',
      remedy: 'Correct the packages to install; options for uv pip install go after --.',
      missing: MISSING,
    },
  }
}

function uvSettings(variables: NodeJS.ProcessEnv, compiles: boolean): NodeJS.ProcessEnv {
  const { VIRTUAL_ENV: _, UV_SYSTEM_PYTHON: __, ...others } = withoutPythonSettings(variables)
  const { UV_PYTHON_PREFERENCE, UV_MANAGED_PYTHON, UV_NO_MANAGED_PYTHON } = others
  const hasPreference = UV_PYTHON_PREFERENCE ?? UV_MANAGED_PYTHON ?? UV_NO_MANAGED_PYTHON
  return {
    ...others,
    // Symlinks would lead out of the image. A hard link changes with every use of the cache, and so while it is packed.
    UV_LINK_MODE: 'copy',
    ...(compiles ? { UV_COMPILE_BYTECODE: 'false' } : {}),
    // uv's own interpreters lie in the home directory, which compute nodes may not have.
    ...(hasPreference === undefined ? { UV_PYTHON_PREFERENCE: 'system' } : {}),
  }
}

/** @param mountPoint where the environment will be found when it is used. */
export function stepsWithVenv(
  directory: string,
  mountPoint: string,
  createOptions: CreateOptions,
  variables: NodeJS.ProcessEnv,
): Steps {
  const env = pipSettings(variables)
  const program = interpreter(createOptions.python)
  const python = join(directory, 'bin', 'python')
  return {
    make: {
      name: `${program} -m venv`,
      program,
      args: ['-m', 'venv', '--prompt', basename(mountPoint), directory],
      env,
      talks: false,
      code: 'ENVIRONMENT',
      remedy: 'Install what it asks for (Debian: python3-venv), or name another Python with --python.',
      missing: 'Name a Python that is there with --python, by its version or its path.',
      fix: { options: ['--with', 'uv'] },
    },
    install: {
      name: 'pip install',
      program: python,
      args: ['-m', 'pip', 'install', '--no-compile', ...installArguments(createOptions)],
      env,
      talks: true,
      code: 'INSTALL',
      remedy: 'Correct the packages to install; options for pip install go after --.',
      missing: 'Name another Python with --python.',
    },
  }
}

/** `3.12` is `python3.12`; anything else is a program's name or path already. */
function interpreter(python = 'python3'): string {
  return /^\d+(\.\d+)?$/.test(python) ? `python${python}` : python
}

/** Variables that send packages elsewhere, to the home directory for one, or nowhere. Files do so, too: see `require-installed.ts`. */
const NOT_FOR_US: ReadonlySet<string> = new Set([
  'VIRTUAL_ENV',
  'PIP_TARGET',
  'PIP_PREFIX',
  'PIP_ROOT',
  'PIP_DRY_RUN',
])

function pipSettings(variables: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const others = Object.entries(withoutPythonSettings(variables)).filter(([name]) => !NOT_FOR_US.has(name))
  return {
    ...Object.fromEntries(others),
    PIP_USER: '0',
    PIP_DISABLE_PIP_VERSION_CHECK: '1',
    PIP_NO_INPUT: '1',
  }
}

/** The longest first line of a script that every kernel reads. */
const MAX_SHEBANG_BYTES = 127

/**
 * Refuses a mount point that could not stand in the first line of a script, or in the activate scripts of all shells.
 * (uv's relocatable environments name no path, and have no such limit.)
 */
export function checkMountPoint(mountPoint: string): void {
  const remedy =
    'Name another --mount-point, or leave out --with venv: uv makes environments that work anywhere.'
  if (!/^\/[\w./@%+=:,~-]+$/.test(mountPoint))
    throw wrongUsage(`--mount-point ${mountPoint} cannot stand in the first line of a script`, remedy)
  if (`#!${join(mountPoint, 'bin', 'python3.99')}\n`.length > MAX_SHEBANG_BYTES)
    throw wrongUsage(`--mount-point ${mountPoint} is too long for the first line of a script`, remedy)
}
