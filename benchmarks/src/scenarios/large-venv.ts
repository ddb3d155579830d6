/** A venv of several gigabytes. Shows whether memory usage stays constant for larger trees and files. */

import type { Scenario } from '../scenario.js'
import { largeVenvTree } from '../trees/large-venv.js'
import { ALL_PACKERS, TO_MKSQUASHFS, ZSTD_3 } from './defaults.js'

export const largeVenv: Scenario = {
  name: 'large-venv',
  title: 'A venv of several gigabytes, zstd level 3',
  about:
    'A Python environment with torch and its CUDA libraries (where the package index was out of reach: with the libraries of the machine), some of them files of hundreds of megabytes.',
  cases: [
    {
      name: 'large venv',
      tree: largeVenvTree,
      settings: ZSTD_3,
      contenders: ALL_PACKERS,
      reference: TO_MKSQUASHFS,
    },
  ],
}
