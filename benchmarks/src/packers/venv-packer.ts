// Ours: the command as people run it, with the Node that runs the benchmark.

import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { formatBlockSize } from '../block-size.js'
import type { Packer } from './packer.js'
import { programVersion } from './program-version.js'

export const VENV_PACKER = join(
  createRequire(import.meta.url).resolve('venv-packer/package.json'),
  '../bin/venv-packer.cjs',
)

export const venvPacker: Packer = {
  name: 'venv-packer',
  version: async () => {
    if (!existsSync(VENV_PACKER)) throw new Error(`${VENV_PACKER} is not there. Build it: pnpm build`)
    const version = await programVersion(process.execPath, [VENV_PACKER, '--version'], 'nodejs')
    return `venv-packer ${version} on Node ${process.versions.node}`
  },
  command: ({ tree, image, settings }) => [
    process.execPath,
    VENV_PACKER,
    'pack',
    tree,
    '-o',
    image,
    '--force',
    '--any-directory',
    '--quiet',
    '--compression',
    settings.compression,
    '--level',
    String(settings.level),
    '--block-size',
    formatBlockSize(settings.blockSize),
  ],
}
