/**
 * The reference venv with gzip, at a slow level with a small image and at a fast level with a larger one. The
 * compressor takes nearly all the time.
 */

import type { Scenario } from '../scenario.js'
import { referenceVenvTree } from '../trees/reference-venv.js'
import { ALL_PACKERS, TO_MKSQUASHFS, ZSTD_3 } from './defaults.js'

function gzip(level: number): Scenario {
  return {
    name: `gzip-${level}`,
    title: `A venv, gzip level ${level}`,
    about: `The reference venv with gzip level ${level}.`,
    cases: [
      {
        name: `gzip ${level}`,
        tree: referenceVenvTree,
        settings: { ...ZSTD_3, compression: 'gzip', level },
        contenders: ALL_PACKERS,
        reference: TO_MKSQUASHFS,
      },
    ],
  }
}

export const gzip9 = gzip(9)
export const gzip3 = gzip(3)
