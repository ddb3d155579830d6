/** Packs the same tree with 1, 2, 4, … and all cores. Shows how much of the work runs in parallel. */

import { availableParallelism } from 'node:os'
import { mksquashfs } from '../packers/mksquashfs.js'
import type { Packer } from '../packers/packer.js'
import { venvPacker } from '../packers/venv-packer.js'
import { type Case, packingOn, type Scenario } from '../scenario.js'
import { referenceVenvTree } from '../trees/reference-venv.js'
import { ZSTD_3 } from './defaults.js'

function onMoreAndMore(packer: Packer): Case {
  const contenders = coreCounts(availableParallelism()).map((count) => packingOn(count, packer))
  return {
    name: packer.name,
    tree: referenceVenvTree,
    settings: ZSTD_3,
    contenders,
    reference: packingOn(1, packer).name,
  }
}

/** Returns 1, 2, 4, … and the number of available cores. */
export function coreCounts(available: number): readonly number[] {
  const counts: number[] = []
  for (let count = 1; count < available; count *= 2) counts.push(count)
  return [...counts, available]
}

export const cores: Scenario = {
  name: 'cores',
  title: 'One core and more',
  about: 'The reference venv on one core and on more. With two, 0.50 of the wall time would be perfect.',
  cases: [onMoreAndMore(venvPacker), onMoreAndMore(mksquashfs)],
}
