/**
 * gensquashfs from squashfs-tools-ng. It has options to keep times and xattrs and to write an export table. The other
 * two packers do that by default, so all three do the same work.
 */

import type { Packer } from './packer.js'
import { programVersion } from './program-version.js'

export const gensquashfs: Packer = {
  name: 'gensquashfs',
  version: async () =>
    `gensquashfs ${await programVersion('gensquashfs', ['--version'], 'squashfs-tools-ng')}`,
  command: ({ tree, image, settings, cores }) => [
    'gensquashfs',
    '-D',
    tree,
    '-c',
    settings.compression,
    '-X',
    `level=${settings.level}`,
    '-b',
    String(settings.blockSize),
    '-j',
    String(cores),
    '--keep-time',
    '--keep-xattr',
    '--exportable',
    '-q',
    image,
  ],
}
