// A made-up record with all that one can have: a contender that was stopped, one without an image, a name
// that XML minds.

import type { ScenarioRecord } from '../src/report/record.js'
import type { CaseResult, Cost } from '../src/rounds.js'
import type { Contender } from '../src/scenario.js'
import { spread } from '../src/statistics.js'

function contender(name: string, makesImage = true): Contender {
  return { name, makesImage, command: () => [], version: async () => `${name} 1.0` }
}

function cost(wall: readonly number[], memory: number, image?: number): Cost {
  return {
    wall: spread(wall),
    cpu: spread(wall.map((seconds) => seconds * 1.9)),
    memory: spread([memory]),
    image: image === undefined ? undefined : spread([image]),
    metadataCalls: undefined,
    reads: undefined,
  }
}

const ours = contender('venv-packer')
const reference = contender('mksquashfs')
const slow = contender('tar & gzip')
const walk = contender('walk', false)

export const sampleRecord: ScenarioRecord = {
  scenario: { name: 'sample', title: 'A sample', about: 'Shows everything.', cases: [] },
  results: [
    {
      case: {
        name: 'first',
        tree: undefined,
        settings: { compression: 'zstd', level: 3, blockSize: 131072 },
        contenders: [ours, reference, slow, walk],
        reference: 'mksquashfs',
        timeoutSeconds: 300,
      },
      facts: { inodes: 23260, files: 21042, bytes: 553_000_000 },
      standings: [
        { name: 'venv-packer', cost: cost([1.5, 1.4, 1.7], 130e6, 157_000_000) },
        { name: 'mksquashfs', cost: cost([2.5, 2.4, 2.9], 700e6, 157_319_168) },
        { name: 'tar & gzip', cost: undefined },
        { name: 'walk', cost: cost([0.2, 0.2, 0.2], 12e6) },
      ],
      disturbance: 0.012,
    },
  ],
  rounds: 3,
  command: 'pnpm bench sample --record',
  date: '2025-01-31',
  versions: ['venv-packer 1.0', 'mksquashfs 1.0'],
  machine: { cpuModel: 'A CPU', cores: 2 },
}

/** Imports from a directory and from an image, one of each twice as slow with more processes. */
export const sampleImports: CaseResult = {
  case: {
    name: 'imports',
    tree: undefined,
    settings: { compression: 'zstd', level: 3, blockSize: 131072 },
    contenders: ['directory, one', 'image, one', 'directory, eight', 'image, eight'].map((name) =>
      contender(name, false),
    ),
    reference: 'directory',
    measures: ['wall', 'metadataCalls', 'reads'],
  },
  facts: undefined,
  standings: [
    { name: 'directory, one', cost: importCost(4, 3400) },
    { name: 'image, one', cost: importCost(1, 17) },
    { name: 'directory, eight', cost: importCost(8, 6800) },
    { name: 'image, eight', cost: importCost(4, 17) },
  ],
  disturbance: 0,
}

function importCost(wall: number, metadataCalls: number): Cost {
  return { ...cost([wall], 12e6), metadataCalls: spread([metadataCalls]), reads: spread([300]) }
}
