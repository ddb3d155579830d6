// Ours: the command as people run it, with the Node that runs the benchmark.

import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { formatBlockSize } from '../block-size.js'
import type { Packer, PackJob } from './packer.js'
import { programVersion } from './program-version.js'

const VENV_PACKER = join(
  createRequire(import.meta.url).resolve('venv-packer/package.json'),
  '../bin/venv-packer.cjs',
)

export const VENV_PACKER_COMMAND: readonly string[] = [process.execPath, VENV_PACKER]

export const venvPacker: Packer = {
  name: 'venv-packer',
  version: async () => {
    if (!existsSync(VENV_PACKER)) throw new Error(`${VENV_PACKER} is not there. Build it: pnpm build`)
    const version = await programVersion(process.execPath, [VENV_PACKER, '--version'], 'nodejs')
    return `venv-packer ${version} on Node ${process.versions.node}`
  },
  // Without its check, since the others have none either: they pack what they are given.
  command: (job) => [...packCommand(job), '--no-check'],
}

/** As people run it when they add nothing. */
export const venvPackerWithCheck: Packer = {
  ...venvPacker,
  name: 'venv-packer with its check',
  command: packCommand,
}

function packCommand({ tree, image, settings }: PackJob): readonly string[] {
  return [
    ...VENV_PACKER_COMMAND,
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
  ]
}
