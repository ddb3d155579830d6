/** The venv of the main scenario. The tests use it, too. */

import { referenceVenv } from 'fixtures'
import type { Tree } from './tree.js'

export const referenceVenvTree: Tree = {
  description: 'the reference venv',
  use: async (body) => await body({ directory: await referenceVenv() }),
}
