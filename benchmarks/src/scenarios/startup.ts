/** The start-up cost of the command, for each way to run it, compared with Node running an empty program. */

import { findUv, NODE_OF_WHEELS } from 'fixtures'
import { programVersion } from '../packers/program-version.js'
import { LAUNCHER, venvPackerVersion } from '../packers/venv-packer.js'
import type { Contender, Scenario } from '../scenario.js'
import { commandOfWheel, installedCommand, nodeOf, npx, uvx } from '../trees/installed-command.js'
import { ZSTD_3 } from './defaults.js'

function asking(
  name: string,
  command: (tree: string) => readonly string[],
  version: Contender['version'],
): Contender {
  return { name, command: ({ tree }) => [...command(tree), '--version'], makesImage: false, version }
}

const nothing: Contender = {
  name: 'node -e 0',
  command: ({ tree }) => [nodeOf(tree), '-e', '0'],
  makesImage: false,
  version: async () => `Node ${NODE_OF_WHEELS}`,
}

export const startup: Scenario = {
  name: 'startup',
  title: 'Start of the command',
  about:
    'The time until `--version` is answered, by the command of a clone, of a wheel that is installed in a venv, by `uvx` and by `npx`, beside the time that the same Node takes to do nothing. `uvx` and `npx` have what they run at hand, and ask no index; nor does `uvx` look for a Python.',
  rounds: 25,
  cases: [
    {
      name: 'startup',
      tree: installedCommand,
      settings: ZSTD_3,
      contenders: [
        asking('clone', (tree) => [nodeOf(tree), LAUNCHER], venvPackerVersion),
        asking(
          'wheel',
          commandOfWheel,
          async () => `Python ${await programVersion('python3', ['--version'], 'python3')}`,
        ),
        asking('uvx', uvx, async () => `uv ${await programVersion(await findUv(), ['--version'], 'uv')}`),
        asking('npx', npx, async () => `npm ${await programVersion('npm', ['--version'], 'npm')}`),
        nothing,
      ],
      reference: nothing.name,
    },
  ],
}
