/** A relocatable environment, made and installed into by uv. */
import { join } from 'node:path'
import { withoutPythonSettings } from '../../environment/python-settings.js'
import { installArguments, type Steps, type Wishes } from './step.js'

const missing =
  'Install it (pip install uv, or see docs.astral.sh/uv), or use --with venv --mount-point PATH.'

export function stepsWithUv(folder: string, wishes: Wishes, variables: NodeJS.ProcessEnv): Steps {
  const env = uvSettings(variables, wishes.compiles)
  const python = wishes.python === undefined ? [] : ['--python', wishes.python]
  return {
    make: {
      name: 'uv venv',
      program: 'uv',
      args: ['venv', '--relocatable', ...python, folder],
      env,
      talks: false,
      code: 'ENVIRONMENT',
      remedy: 'Name another Python with --python, by its version or its path.',
      missing,
    },
    install: {
      name: 'uv pip install',
      program: 'uv',
      args: ['pip', 'install', '--python', join(folder, 'bin', 'python'), ...installArguments(wishes)],
      env,
      talks: true,
      code: 'INSTALL',
      remedy: 'Correct what is to be installed; options for uv pip install go after --.',
      missing,
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
