/**
 * A venv and its image on the same filesystem with slow metadata: the two ways to start the same programs on a cluster.
 */

import { join } from 'node:path'
import { run, withDirectory } from 'fixtures'
import { VENV_PACKER_COMMAND } from '../packers/venv-packer.js'
import { onSlowMetadata, SERVED_BY } from './slow-metadata.js'
import type { Tree } from './tree.js'

/** The name of the venv in the tree. */
export const VENV = 'venv'

/** The name of the image in the tree. It is packed with the default settings of venv-packer. */
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

/**
 * Copies the venv into the directory and packs it there. The stand-in shows only one directory, so both must be in it.
 */
async function lay(venv: string, directory: string, signal: AbortSignal): Promise<void> {
  const copy = join(directory, VENV)
  await run('cp', ['--archive', '--', venv, copy])
  signal.throwIfAborted()
  const [node = process.execPath, ...command] = VENV_PACKER_COMMAND
  await run(node, [...command, 'pack', copy, '-o', join(directory, VENV_IMAGE), '--quiet'])
  signal.throwIfAborted()
}
