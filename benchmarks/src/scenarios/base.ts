/**
 * A venv is packed again after one small package was upgraded: with the old image as the base, and without it. The
 * check of the environment is on, like for users.
 */

import { venvPackerWithCheck } from '../packers/venv-packer.js'
import { type Contender, packing, type Scenario } from '../scenario.js'
import { largeVenvTree } from '../trees/large-venv.js'
import { referenceVenvTree } from '../trees/reference-venv.js'
import { type RenewedVenv, renewedVenv } from '../trees/renewed-venv.js'
import { ZSTD_3 } from './defaults.js'

const WITHOUT: Contender = { ...packing(venvPackerWithCheck), name: 'venv-packer without a base' }

function withBase({ base }: RenewedVenv): Contender {
  return {
    ...packing(venvPackerWithCheck),
    name: 'venv-packer with the base',
    command: (job) => [...venvPackerWithCheck.command(job), '--base', base()],
  }
}

const REFERENCE = renewedVenv(referenceVenvTree)
const SLOW = renewedVenv(referenceVenvTree, 1)
const LARGE = renewedVenv(largeVenvTree)

export const base: Scenario = {
  name: 'base',
  title: 'Packed again with a base',
  about:
    'One small package of a venv was upgraded since it was packed. It is packed again, with the image of before as the base and without, each with the check. Both images are the same.',
  cases: [
    {
      name: 'reference venv',
      tree: REFERENCE.tree,
      settings: ZSTD_3,
      contenders: [WITHOUT, withBase(REFERENCE)],
      reference: WITHOUT.name,
    },
    {
      name: 'reference venv on slow metadata',
      tree: SLOW.tree,
      settings: ZSTD_3,
      contenders: [WITHOUT, withBase(SLOW)],
      reference: WITHOUT.name,
      timeoutSeconds: 300,
    },
    {
      name: 'large venv',
      tree: LARGE.tree,
      settings: ZSTD_3,
      contenders: [WITHOUT, withBase(LARGE)],
      reference: WITHOUT.name,
    },
  ],
}
