// Ours: the command as people run it, with its own options for Node, and with the Node that runs the benchmark.

import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { formatBlockSize } from '../block-size.js'
import type { Packer } from './packer.js'
import { programVersion } from './program-version.js'

const VENV_PACKER = join(
  createRequire(import.meta.url).resolve('venv-packer/package.json'),
  '../bin/venv-packer.cjs',
)

/** The command, with the options for Node that its first line has: `#!/usr/bin/env -S node OPTIONS`. */
export function venvPackerCommand(): readonly string[] {
  const [firstLine = ''] = readFileSync(VENV_PACKER, 'utf8').split('\n')
  return [process.execPath, ...firstLine.split(' ').slice(3), VENV_PACKER]
}

export const venvPacker: Packer = {
  name: 'venv-packer',
  version: async () => {
    if (!existsSync(VENV_PACKER)) throw new Error(`${VENV_PACKER} is not there. Build it: pnpm build`)
    const version = await programVersion(process.execPath, [VENV_PACKER, '--version'], 'nodejs')
    return `venv-packer ${version} on Node ${process.versions.node}`
  },
  command: ({ tree, image, settings }) => [
    ...venvPackerCommand(),
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
