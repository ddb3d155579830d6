/** mksquashfs, the reference for the ratios in most scenarios. */

import type { Packer } from './packer.js'
import { programVersion } from './program-version.js'

export const mksquashfs: Packer = {
  name: 'mksquashfs',
  version: async () => `mksquashfs ${await programVersion('mksquashfs', ['-version'], 'squashfs-tools')}`,
  command: ({ tree, image, settings, cores }) => [
    'mksquashfs',
    tree,
    image,
    '-comp',
    settings.compression,
    '-Xcompression-level',
    String(settings.level),
    '-b',
    String(settings.blockSize),
    '-processors',
    String(cores),
    '-noappend',
    '-no-progress',
    '-quiet',
  ],
}
