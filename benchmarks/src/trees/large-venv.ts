/**
 * A venv of several gigabytes: torch and its CUDA libraries, from the package index. If the index cannot be reached, a
 * venv with a copy of the Debian libraries of this machine.
 */

import { execFile } from 'node:child_process'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { keptTree } from './kept-tree.js'

const run = promisify(execFile)

/** Large packages with pinned versions. torch pins the versions of the CUDA libraries. */
const PACKAGES = ['torch==2.6.0', 'numpy==2.2.6', 'pandas==2.2.3']

const DEBIAN_FOLDERS = ['/usr/lib', '/usr/share'] as const

export const largeVenvTree = keptTree(
  'large-venv',
  'a venv of several gigabytes',
  async (directory, signal) => {
    const venv = join(directory, 'venv')
    await run('python3', ['-m', 'venv', venv], { signal })
    try {
      await run(join(venv, 'bin/pip'), ['install', '--quiet', '--no-cache-dir', ...PACKAGES], {
        signal,
        maxBuffer: 64 * 1024 * 1024,
      })
    } catch (error) {
      signal.throwIfAborted()
      console.error(`The package index gave no torch; using this machine's libraries instead.\n${error}`)
      await fillFromDebian(venv, signal)
    }
  },
)

async function fillFromDebian(venv: string, signal: AbortSignal): Promise<void> {
  const share = join(venv, 'share')
  await mkdir(share, { recursive: true })
  await run('cp', ['--archive', ...DEBIAN_FOLDERS, share], { signal })
}
