/**
 * Many small files of equal size. Shows how the cost of a file depends on the number of files. mksquashfs compares each
 * file with all others of its size, so there is a timeout.
 */

import { gensquashfs } from '../packers/gensquashfs.js'
import type { Case, Scenario } from '../scenario.js'
import { smallFiles as smallFilesTree } from '../trees/small-files.js'
import { ALL_PACKERS, ZSTD_3 } from './defaults.js'

function files(count: number): Case {
  return {
    name: `${count.toLocaleString('en')} files`,
    tree: smallFilesTree({ count, perDirectory: 1000 }),
    settings: ZSTD_3,
    contenders: ALL_PACKERS,
    reference: gensquashfs.name,
    timeoutSeconds: 300,
  }
}

export const smallFiles: Scenario = {
  name: 'small-files',
  title: 'Small files of equal size',
  about:
    'What a file costs when there are very many: the time for 500,000 should be ten times that for 50,000.',
  cases: [files(50_000), files(500_000)],
}
