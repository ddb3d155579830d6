/** A venv with only numpy, copied from the reference venv: small enough for a slow filesystem. */

import { execFile } from 'node:child_process'
import { mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { referenceVenv } from 'fixtures'
import { keptTree } from './kept-tree.js'

const run = promisify(execFile)

export const numpyVenvTree = keptTree('numpy-venv', 'a venv with numpy alone', async (directory, signal) => {
  const venv = await referenceVenv()
  const [python = 'python3'] = await readdir(join(venv, 'lib'))
  const packages = join('lib', python, 'site-packages')
  const numpy = (await readdir(join(venv, packages))).filter((name) => name.startsWith('numpy'))
  await mkdir(join(directory, packages), { recursive: true })
  const copy = async (names: readonly string[], to: string) => {
    await run('cp', ['--archive', ...names.map((name) => join(venv, to, name)), join(directory, to)], {
      signal,
    })
  }
  await copy(['pyvenv.cfg', 'bin'], '.')
  await copy(numpy, packages)
})
