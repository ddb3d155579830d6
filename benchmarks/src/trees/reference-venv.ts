/** The venv that the main job is measured on: the one that the tests use too. */

import { referenceVenv } from 'fixtures'
import type { Tree } from './tree.js'

export const referenceVenvTree: Tree = {
  description: 'the reference venv',
  use: async (body) => await body({ directory: await referenceVenv() }),
}
