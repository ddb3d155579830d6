/** The main scenario: packs the reference venv with the default settings of venv-packer. */

import { venvPackerWithCheck } from '../packers/venv-packer.js'
import { packing, type Scenario } from '../scenario.js'
import { referenceVenvTree } from '../trees/reference-venv.js'
import { ALL_PACKERS, TO_MKSQUASHFS, ZSTD_3 } from './defaults.js'

export const venv: Scenario = {
  name: 'venv',
  title: 'A venv, zstd level 3',
  about:
    'The main job: a real Python environment of half a gigabyte, with the default settings. venv-packer packs it without its check of the environment, as the others do, and with it.',
  cases: [
    {
      name: 'reference venv',
      tree: referenceVenvTree,
      settings: ZSTD_3,
      contenders: [...ALL_PACKERS, packing(venvPackerWithCheck)],
      reference: TO_MKSQUASHFS,
    },
  ],
}
