// A venv and its image side by side on one filesystem with slow metadata: the two ways to start the same
// programs on a cluster.

import { join } from 'node:path'
import { run, withFolder } from 'fixtures'
import { VENV_PACKER_COMMAND } from '../packers/venv-packer.js'
import { onSlowMetadata, SERVED_BY } from './slow-metadata.js'
import type { Tree } from './tree.js'

/** The venv in the tree. */
export const VENV = 'venv'

/** Its image in the tree, packed with the settings that venv-packer has by default. */
export const VENV_IMAGE = 'venv.squashfs'

export function venvAndImage(venv: Tree, milliseconds: number): Tree {
  return {
    description: `${venv.description} and its image, every metadata call delayed by ${milliseconds} ms`,
    servedBy: SERVED_BY,
    use: (body, signal) =>
      venv.use(
        ({ directory }) =>
          withFolder(async (folder) => {
            await lay(directory, folder, signal)
            return await onSlowMetadata(folder, milliseconds, join(folder, VENV), body)
          }),
        signal,
      ),
    placed: (other) => venvAndImage(other, milliseconds),
  }
}

/** A copy, since the image is to lie beside it, and the stand-in shows but one folder. */
async function lay(venv: string, folder: string, signal: AbortSignal): Promise<void> {
  const copy = join(folder, VENV)
  await run('cp', ['--archive', '--', venv, copy])
  signal.throwIfAborted()
  const [node = process.execPath, ...command] = VENV_PACKER_COMMAND
  await run(node, [...command, 'pack', copy, '-o', join(folder, VENV_IMAGE), '--quiet'])
  signal.throwIfAborted()
}
