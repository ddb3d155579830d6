/**
 * A filesystem with slow metadata: compares packers that make many calls in parallel with packers that wait for each
 * call.
 */

import { fileURLToPath } from 'node:url'
import { mksquashfs } from '../packers/mksquashfs.js'
import { programVersion } from '../packers/program-version.js'
import { venvPacker, venvPackerWithCheck } from '../packers/venv-packer.js'
import { type Contender, packing, type Scenario } from '../scenario.js'
import { numpyVenvTree } from '../trees/numpy-venv.js'
import { withSlowMetadata } from '../trees/slow-metadata.js'
import { smallFiles } from '../trees/small-files.js'
import { ALL_PACKERS, TO_MKSQUASHFS, ZSTD_3 } from './defaults.js'

const SERIAL_WALK = fileURLToPath(new URL('../../python/serial_walk.py', import.meta.url))

const serialWalk: Contender = {
  name: 'one call at a time',
  command: ({ tree }) => ['python3', '-I', '-S', SERIAL_WALK, tree],
  makesImage: false,
  version: async () => `Python ${await programVersion('python3', ['--version'], 'python3')}`,
}

export const slowMetadata: Scenario = {
  name: 'slow-metadata',
  title: 'Slow metadata',
  about:
    'A filesystem that takes a millisecond for every metadata call, as a cluster’s does. Small files: the reference makes the calls that packing needs one at a time, and packs nothing. A venv lies deeper, so that each of its files costs more calls; it is packed with the check of the environment, too.',
  cases: [
    {
      name: 'small files',
      tree: withSlowMetadata(smallFiles({ count: 1000, perDirectory: 10 }), 1),
      settings: ZSTD_3,
      contenders: [...ALL_PACKERS, serialWalk],
      reference: serialWalk.name,
      timeoutSeconds: 120,
    },
    {
      name: 'a venv',
      tree: withSlowMetadata(numpyVenvTree, 1),
      settings: ZSTD_3,
      contenders: [venvPacker, mksquashfs, venvPackerWithCheck].map(packing),
      reference: TO_MKSQUASHFS,
      timeoutSeconds: 120,
    },
  ],
}
