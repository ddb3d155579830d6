// The main job: the reference venv with the settings that venv-packer has by default.

import type { Scenario } from '../scenario.js'
import { referenceVenvTree } from '../trees/reference-venv.js'
import { ALL_PACKERS, TO_MKSQUASHFS, ZSTD_3 } from './defaults.js'

export const venv: Scenario = {
  name: 'venv',
  title: 'A venv, zstd level 3',
  about: 'The main job: a real Python environment of half a gigabyte, with the default settings.',
  cases: [
    {
      name: 'reference venv',
      tree: referenceVenvTree,
      settings: ZSTD_3,
      contenders: ALL_PACKERS,
      reference: TO_MKSQUASHFS,
    },
  ],
}
