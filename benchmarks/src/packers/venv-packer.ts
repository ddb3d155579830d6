/** The command venv-packer, like users run it, on the Node that runs the benchmark. */

import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { formatBlockSize } from '../block-size.js'
import type { Packer, PackJob } from './packer.js'
import { programVersion } from './program-version.js'

/** The path of the script that Node runs. */
export const LAUNCHER = join(
  createRequire(import.meta.url).resolve('venv-packer/package.json'),
  '../bin/venv-packer.cjs',
)

export const VENV_PACKER_COMMAND: readonly string[] = [process.execPath, LAUNCHER]

/**
 * The version of venv-packer, without that of Node.
 * @throws Error if it is not built.
 */
export async function venvPackerVersion(): Promise<string> {
  if (!existsSync(LAUNCHER)) throw new Error(`${LAUNCHER} is not there. Build it: pnpm build`)
  return `venv-packer ${await programVersion(process.execPath, [LAUNCHER, '--version'], 'nodejs')}`
}

export const venvPacker: Packer = {
  name: 'venv-packer',
  version: async () => `${await venvPackerVersion()} on Node ${process.versions.node}`,
  // Without the check of the environment, because the other packers have no such check.
  command: (job) => [...packCommand(job), '--no-check'],
}

/** Packs with the check of the environment, which is the default. */
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
