/** The image of a tree, created by venv-packer, for the scenarios that extract and list it. */

import { join } from 'node:path'
import { run, withDirectory } from 'fixtures'
import { VENV_PACKER_COMMAND } from '../packers/venv-packer.js'
import type { Tree } from './tree.js'

/** The name of the image in the tree's directory. */
export const IMAGE = 'venv.squashfs'

export function imageOf(tree: Tree): Tree {
  return {
    description: `the image of ${tree.description}`,
    use: (body, signal) =>
      tree.use(
        ({ directory: source }) =>
          withDirectory(async (directory) => {
            const [node = process.execPath, ...command] = VENV_PACKER_COMMAND
            const options = ['--quiet', '--no-check', '--any-directory']
            await run(node, [...command, 'pack', source, '-o', join(directory, IMAGE), ...options])
            signal.throwIfAborted()
            return await body({ directory, source })
          }),
        signal,
      ),
    placed: imageOf,
  }
}
