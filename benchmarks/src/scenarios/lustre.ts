/**
 * The use case of the project: importing Python packages from a venv on a cluster's filesystem, compared with importing
 * them from its image on the same filesystem.
 */

import { release } from 'node:os'
import { join } from 'node:path'
import { VENV_PACKER_COMMAND, venvPacker } from '../packers/venv-packer.js'
import type { Contender, Scenario } from '../scenario.js'
import { referenceVenvTree } from '../trees/reference-venv.js'
import { VENV, VENV_IMAGE, venvAndImage } from '../trees/venv-and-image.js'
import { ZSTD_3 } from './defaults.js'

const FROM_DIRECTORY = 'directory'
const FROM_IMAGE = 'image'

const IMPORTS = [
  { module: 'numpy', processes: 1 },
  { module: 'pandas', processes: 1 },
  { module: 'numpy', processes: 8 },
  { module: 'pandas', processes: 8 },
] as const

type Import = (typeof IMPORTS)[number]

function fromDirectory(one: Import): Contender {
  return {
    name: `${FROM_DIRECTORY}, ${nameOf(one)}`,
    command: ({ tree }) => importCommand(join(tree, VENV, 'bin/python'), one),
    makesImage: false,
    version: async () => `Linux ${/^\d+\.\d+/.exec(release())?.[0]}`,
  }
}

function fromImage(one: Import): Contender {
  return {
    name: `${FROM_IMAGE}, ${nameOf(one)}`,
    command: ({ tree }) => [
      ...[...VENV_PACKER_COMMAND, 'run', join(tree, VENV_IMAGE), '--'],
      ...importCommand('python', one),
    ],
    makesImage: false,
    version: venvPacker.version,
  }
}

function nameOf({ module, processes }: Import): string {
  return processes === 1 ? `import ${module}` : `import ${module}, ${processes} at once`
}

function importCommand(python: string, { module, processes }: Import): readonly string[] {
  return atOnce(processes, [python, '-c', `import ${module}`])
}

/**
 * Returns a command that runs the given one this many times in parallel and waits for all. It fails if one of them
 * fails.
 */
export function atOnce(processes: number, command: readonly string[]): readonly string[] {
  return processes === 1 ? command : ['sh', '-c', START_AND_WAIT, 'sh', String(processes), ...command]
}

const START_AND_WAIT =
  'left=$1; shift; while [ "$left" -gt 0 ]; do "$@" & started="$started $!"; left=$((left - 1)); done; for one in $started; do wait "$one" || exit; done'

export const lustre: Scenario = {
  name: 'lustre',
  title: 'Imports on a cluster’s filesystem',
  about: `\`import numpy\` and \`import pandas\` on a filesystem that takes a millisecond for every metadata call, by one process and by eight at once: from the venv as a directory, and with \`venv-packer run\` from its image on the same filesystem. The image’s times hold all that \`run\` does: starting, mounting, unmounting; eight processes share one mount. Everything is cold but the interpreter, which lies on the local disk: each run mounts anew, and the filesystem, a stand-in for Lustre, remembers nothing between calls. A real client remembers names and attributes for a while: of eight processes on one machine, the later ones would wait less for the directory than they do here. And the stand-in answers with this machine’s CPU: what it takes beyond the millisecond is in all times.`,
  rounds: 3,
  cases: [
    {
      name: '1 ms',
      tree: venvAndImage(referenceVenvTree, 1),
      settings: ZSTD_3,
      contenders: IMPORTS.flatMap((one) => [fromDirectory(one), fromImage(one)]),
      reference: FROM_DIRECTORY,
      measures: ['wall', 'metadataCalls', 'reads'],
    },
  ],
}
