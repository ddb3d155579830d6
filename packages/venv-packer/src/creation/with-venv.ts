/** An environment made by `python -m venv` and installed into by its pip. It works at one path only. */
import { basename, join } from 'node:path'
import { wrongUsage } from '../errors/failure.js'
import { withoutPythonSettings } from '../processes/python-settings.js'
import { installArguments, type Steps, type Wishes } from './step.js'

/** @param mountPoint where the environment will be found when it is used. */
export function stepsWithVenv(
  folder: string,
  mountPoint: string,
  wishes: Wishes,
  variables: NodeJS.ProcessEnv,
): Steps {
  const env = pipSettings(variables)
  const program = interpreter(wishes.python)
  const python = join(folder, 'bin', 'python')
  return {
    make: {
      name: `${program} -m venv`,
      program,
      args: ['-m', 'venv', '--prompt', basename(mountPoint), folder],
      env,
      talks: false,
      code: 'ENVIRONMENT',
      remedy: 'Install what it asks for (Debian: python3-venv), or name another Python with --python.',
      missing: 'Name a Python that is there with --python, by its version or its path.',
      mending: { options: ['--with', 'uv'] },
    },
    install: {
      name: 'pip install',
      program: python,
      args: ['-m', 'pip', 'install', '--no-compile', ...installArguments(wishes)],
      env,
      talks: true,
      code: 'INSTALL',
      remedy: 'Correct what is to be installed; options for pip install go after --.',
      missing: 'Name another Python with --python.',
    },
  }
}

/** `3.12` is `python3.12`; anything else is a program's name or path already. */
function interpreter(python = 'python3'): string {
  return /^\d+(\.\d+)?$/.test(python) ? `python${python}` : python
}

/** Variables that send packages elsewhere, to the home directory for one, or nowhere. Files do so, too: see `require-installed.ts`. */
const notForUs: ReadonlySet<string> = new Set([
  'VIRTUAL_ENV',
  'PIP_TARGET',
  'PIP_PREFIX',
  'PIP_ROOT',
  'PIP_DRY_RUN',
])

function pipSettings(variables: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const others = Object.entries(withoutPythonSettings(variables)).filter(([name]) => !notForUs.has(name))
  return {
    ...Object.fromEntries(others),
    PIP_USER: '0',
    PIP_DISABLE_PIP_VERSION_CHECK: '1',
    PIP_NO_INPUT: '1',
  }
}

/** The longest first line of a script that every kernel reads. */
const longestShebang = 127

/**
 * Refuses a mount point that could not stand in the first line of a script, or in the activate scripts of all shells.
 * (uv's relocatable environments name no path, and have no such limit.)
 */
export function checkMountPoint(mountPoint: string): void {
  const remedy =
    'Name another --mount-point, or leave out --with venv: uv makes environments that work anywhere.'
  if (!/^\/[\w./@%+=:,~-]+$/.test(mountPoint))
    throw wrongUsage(`--mount-point ${mountPoint} cannot stand in the first line of a script`, remedy)
  if (`#!${join(mountPoint, 'bin', 'python3.99')}\n`.length > longestShebang)
    throw wrongUsage(`--mount-point ${mountPoint} is too long for the first line of a script`, remedy)
}
