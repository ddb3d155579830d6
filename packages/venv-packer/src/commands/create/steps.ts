/** Plans the programs that make an environment and install packages into it: uv, or venv and pip. */

import { basename, join } from 'node:path'
import { withoutPythonSettings } from '../../environment/interpreter.js'
import { type CommandFix, wrongUsage } from '../../failure.js'

export interface Step {
  /** Its name in messages: `uv pip install`. */
  readonly name: string
  readonly program: string
  readonly args: readonly string[]
  readonly env: NodeJS.ProcessEnv
  /** Whether to show its output on a terminal. */
  readonly isOutputShown: boolean
  /** The code of the failure if it fails. */
  readonly code: 'ENVIRONMENT' | 'INSTALL'
  readonly remedy: string
  /** The remedy if the program does not exist. */
  readonly missing: string
  /** The fix for both failures, if their codes do not determine it. */
  readonly fix?: CommandFix
}

/** The steps in their order. */
export interface Steps {
  readonly make: Step
  readonly install: Step
}

/** The Python and the packages of the environment. */
export interface CreateOptions {
  /** A version or a path; undefined: the default of the tool. */
  readonly python: string | undefined
  /** Requirements files in pip's format. */
  readonly requirements: readonly string[]
  readonly packages: readonly string[]
  /** Options for the installer, passed on unchanged. */
  readonly passedOn: readonly string[]
  /** Whether `pack` compiles the modules, so that the installer need not. */
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
      isOutputShown: false,
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
      isOutputShown: true,
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
    // Symlinks would lead out of the image. The ctime of a hard link changes when other environments use the cache, while it is packed.
    UV_LINK_MODE: 'copy',
    ...(compiles ? { UV_COMPILE_BYTECODE: 'false' } : {}),
    // uv installs its interpreters in the home directory, which compute nodes may not have.
    ...(hasPreference === undefined ? { UV_PYTHON_PREFERENCE: 'system' } : {}),
  }
}

/** @param mountPoint where the image will be mounted. */
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
      isOutputShown: false,
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
      isOutputShown: true,
      code: 'INSTALL',
      remedy: 'Correct the packages to install; options for pip install go after --.',
      missing: 'Name another Python with --python.',
    },
  }
}

/** `python3.12` for `3.12`. Any other text is a name or path of a program. */
function interpreter(python = 'python3'): string {
  return /^\d+(\.\d+)?$/.test(python) ? `python${python}` : python
}

/** Variables that make pip install elsewhere, or not at all. Configuration files can do so as well, see `require-installed.ts`. */
const REMOVED_VARIABLES: ReadonlySet<string> = new Set([
  'VIRTUAL_ENV',
  'PIP_TARGET',
  'PIP_PREFIX',
  'PIP_ROOT',
  'PIP_DRY_RUN',
])

function pipSettings(variables: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const others = Object.entries(withoutPythonSettings(variables)).filter(
    ([name]) => !REMOVED_VARIABLES.has(name),
  )
  return {
    ...Object.fromEntries(others),
    PIP_USER: '0',
    PIP_DISABLE_PIP_VERSION_CHECK: '1',
    PIP_NO_INPUT: '1',
  }
}

/** The longest shebang line that every kernel accepts. */
const MAX_SHEBANG_BYTES = 127

/**
 * Throws a Failure for a mount point that cannot be used in shebang lines, or in the activate scripts of all shells. (uv's
 * relocatable environments contain no path, and have no such limit.)
 */
export function checkMountPoint(mountPoint: string): void {
  const remedy =
    'Name another --mount-point, or leave out --with venv: uv makes environments that work anywhere.'
  if (!/^\/[\w./@%+=:,~-]+$/.test(mountPoint))
    throw wrongUsage(`--mount-point ${mountPoint} cannot be used in the first line of a script`, remedy)
  if (`#!${join(mountPoint, 'bin', 'python3.99')}\n`.length > MAX_SHEBANG_BYTES)
    throw wrongUsage(`--mount-point ${mountPoint} is too long for the first line of a script`, remedy)
}
