/**
 * A venv and its image side by side on one filesystem with slow metadata: the two ways to start the same programs on a
 * cluster.
 */

import { join } from 'node:path'
import { run, withDirectory } from 'fixtures'
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
        ({ directory: original }) =>
          withDirectory(async (directory) => {
            await lay(original, directory, signal)
            return await onSlowMetadata(directory, milliseconds, join(directory, VENV), body)
          }),
        signal,
      ),
    placed: (other) => venvAndImage(other, milliseconds),
  }
}

/** A copy, since the image is to lie beside it, and the stand-in shows but one directory. */
async function lay(venv: string, directory: string, signal: AbortSignal): Promise<void> {
  const copy = join(directory, VENV)
  await run('cp', ['--archive', '--', venv, copy])
  signal.throwIfAborted()
  const [node = process.execPath, ...command] = VENV_PACKER_COMMAND
  await run(node, [...command, 'pack', copy, '-o', join(directory, VENV_IMAGE), '--quiet'])
  signal.throwIfAborted()
}
