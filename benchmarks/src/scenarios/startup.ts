// What the command costs before it does anything, beside Node doing nothing.

import { VENV_PACKER_COMMAND, venvPacker } from '../packers/venv-packer.js'
import type { Contender, Scenario } from '../scenario.js'
import { ZSTD_3 } from './defaults.js'

const nothing: Contender = {
  name: 'node -e 0',
  command: () => [process.execPath, '-e', '0'],
  makesImage: false,
  version: async () => `Node ${process.versions.node}`,
}

const version: Contender = {
  name: 'venv-packer --version',
  command: () => [...VENV_PACKER_COMMAND, '--version'],
  makesImage: false,
  version: venvPacker.version,
}

export const startup: Scenario = {
  name: 'startup',
  title: 'Start of the command',
  about: 'The time until `venv-packer --version` is done, beside the time that Node takes to do nothing.',
  rounds: 25,
  cases: [
    {
      name: 'startup',
      tree: undefined,
      settings: ZSTD_3,
      contenders: [version, nothing],
      reference: nothing.name,
    },
  ],
}
