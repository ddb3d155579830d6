/** Extracts and lists an image, compared with unsquashfs. */

import { join } from 'node:path'
import { programVersion } from '../packers/program-version.js'
import { VENV_PACKER_COMMAND, venvPacker } from '../packers/venv-packer.js'
import type { Contender, Scenario } from '../scenario.js'
import { IMAGE, imageOf } from '../trees/image-of.js'
import { largeVenvTree } from '../trees/large-venv.js'
import { referenceVenvTree } from '../trees/reference-venv.js'
import { ZSTD_3 } from './defaults.js'

const UNSQUASHFS = 'unsquashfs'

const unsquashfsVersion = async () =>
  `unsquashfs ${await programVersion(UNSQUASHFS, ['-version'], 'squashfs-tools')}`

/** Extracts to the path where other scenarios write their image. It is removed before each run. */
const extraction: readonly Contender[] = [
  {
    name: 'venv-packer, extract',
    command: ({ tree, image }) => [...VENV_PACKER_COMMAND, 'extract', join(tree, IMAGE), '-o', image, '-q'],
    makesImage: false,
    version: venvPacker.version,
  },
  {
    name: `${UNSQUASHFS}, extract`,
    command: ({ tree, image }) => [UNSQUASHFS, '-quiet', '-no-progress', '-d', image, join(tree, IMAGE)],
    makesImage: false,
    version: unsquashfsVersion,
  },
]

const listing: readonly Contender[] = [
  {
    name: 'venv-packer, list -R',
    command: ({ tree }) => [...VENV_PACKER_COMMAND, 'list', '-R', join(tree, IMAGE)],
    makesImage: false,
    version: venvPacker.version,
  },
  {
    name: `${UNSQUASHFS}, list -R`,
    command: ({ tree }) => [UNSQUASHFS, '-ll', join(tree, IMAGE)],
    makesImage: false,
    version: unsquashfsVersion,
  },
  {
    name: `${UNSQUASHFS} -lln, list -R`,
    command: ({ tree }) => [UNSQUASHFS, '-lln', join(tree, IMAGE)],
    makesImage: false,
    version: unsquashfsVersion,
  },
]

export const read: Scenario = {
  name: 'read',
  title: 'An image taken apart and listed',
  about:
    'An image of the default settings, extracted (`venv-packer extract`, `unsquashfs -d`) and listed whole (`venv-packer list -R`, which shows owners as numbers; `unsquashfs -ll`, which looks their names up, and `-lln`, which does not), each as a whole process. What is extracted lies where other scenarios have their images; it is removed before each run, which is not measured.',
  rounds: 5,
  cases: [
    { name: 'reference venv', tree: imageOf(referenceVenvTree) },
    { name: 'a venv of several gigabytes', tree: imageOf(largeVenvTree) },
  ].map((one) => ({
    ...one,
    settings: ZSTD_3,
    contenders: [...extraction, ...listing],
    reference: UNSQUASHFS,
    measures: ['wall', 'cpu', 'memory'] as const,
  })),
}
