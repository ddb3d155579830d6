/** Parses the command line into complete, validated options. */

import { availableParallelism } from 'node:os'
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { parseBlockSize } from './block-size.js'
import type { Compression } from './packers/packer.js'
import { type Peers, withPeers } from './peers.js'
import type { Case, Scenario } from './scenario.js'
import { DEFAULT_SCENARIO, SCENARIOS, scenarioNamed } from './scenarios/index.js'
import { existingTree, type Tree } from './trees/tree.js'

const DEFAULT_ROUNDS = 7
const DEFAULT_LEVELS: Readonly<Record<Compression, number>> = { zstd: 3, gzip: 9 }

export const HELP = `Packs the same tree with venv-packer, mksquashfs and gensquashfs in turns, and compares the costs.

pnpm bench [scenario...] [options]
pnpm bench --compare <figures> <figures>

Scenarios:
${SCENARIOS.map(({ name, title }) => `  ${name.padEnd(15)} ${title}`).join('\n')}

Options:
  --tree <dir>          pack this directory instead of the scenario's own
  --compression <name>  zstd or gzip
  --level <n>           compression level
  --block-size <size>   from 4K to 1M
  --rounds <n>          number of measured rounds (default: set by the scenario, else ${DEFAULT_ROUNDS})
  --timeout <seconds>   stop a packer that takes longer
  --only <names>        run only these contenders, e.g. venv-packer,mksquashfs
  --cpus <list>         use only these CPUs, e.g. 0,1
  --node <paths>        also run venv-packer with these versions of Node, e.g. /a/node,/b/node
  --mksquashfs <path>   also run this mksquashfs
  --compare             compare two files of recorded figures (figures/*.json), and list what got worse
  --out <dir>           write the images to this directory instead of the temporary directory
  --record              write the results to RESULTS.md, charts/ and figures/
  --help                print this help
`

export interface Options {
  readonly scenarios: readonly Scenario[]
  /** Returns the number of measured rounds: `--rounds`, else that of the scenario, else the default. */
  readonly rounds: (scenario: Scenario) => number
  readonly cpus: readonly number[]
  /** The parent of the directory for images; undefined for the system's temporary directory. */
  readonly imageDirectory: string | undefined
  readonly record: boolean
  /** The given options, as recorded with the results: without paths. */
  readonly recordedOptions: string
}

/** `--compare`: two files of recorded figures, the earlier one first. */
export interface Comparison {
  readonly compare: readonly [string, string]
}

/**
 * Returns undefined for `--help`.
 * @throws Error if an option, value or scenario is not valid.
 */
export function parseOptions(words: readonly string[]): Options | Comparison | undefined {
  const { values, positionals } = parseArgs({
    args: [...words],
    allowPositionals: true,
    options: {
      tree: { type: 'string' },
      compression: { type: 'string' },
      level: { type: 'string' },
      'block-size': { type: 'string' },
      rounds: { type: 'string' },
      timeout: { type: 'string' },
      only: { type: 'string' },
      cpus: { type: 'string' },
      node: { type: 'string' },
      mksquashfs: { type: 'string' },
      compare: { type: 'boolean', default: false },
      out: { type: 'string' },
      record: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return undefined
  if (values.compare) {
    const [earlier, later, ...more] = positionals
    if (earlier === undefined || later === undefined || more.length > 0)
      throw new RangeError('--compare takes two files of figures, the earlier first')
    return { compare: [earlier, later] }
  }

  const changes: CaseChanges = {
    tree: values.tree,
    compression: optional(values.compression, parseCompression),
    level: optional(values.level, (text) => wholeNumber('--level', text)),
    blockSize: optional(values['block-size'], parseBlockSize),
    timeoutSeconds: optional(values.timeout, (text) => wholeNumber('--timeout', text)),
    only: values.only?.split(','),
    peers: { nodes: values.node?.split(',') ?? [], mksquashfs: values.mksquashfs },
  }
  const named = positionals.length === 0 ? [DEFAULT_SCENARIO] : positionals.map(scenarioNamed)
  const rounds = optional(values.rounds, (text) => wholeNumber('--rounds', text))

  return {
    scenarios: named.map((scenario) => changedScenario(scenario, changes)),
    rounds: (scenario) => rounds ?? scenario.rounds ?? DEFAULT_ROUNDS,
    cpus: optional(values.cpus, parseCpus) ?? allCpus(),
    imageDirectory: optional(values.out, (path) => resolve(path)),
    record: values.record,
    recordedOptions: recordedOptions(values),
  }
}

interface CaseChanges {
  readonly tree: string | undefined
  readonly compression: Compression | undefined
  readonly level: number | undefined
  readonly blockSize: number | undefined
  readonly timeoutSeconds: number | undefined
  readonly only: readonly string[] | undefined
  readonly peers: Peers
}

function changedScenario(scenario: Scenario, changes: CaseChanges): Scenario {
  const cases = scenario.cases
    .map((one) => changedCase(one, changes))
    .filter(({ contenders }) => contenders.length > 0)
  if (cases.length === 0) throw new Error(`--only leaves nothing of ${scenario.name} to run`)
  return { ...scenario, cases }
}

/** The program of a contender: `venv-packer` for `venv-packer, 2 cores`. */
function programOf(contender: string): string {
  return contender.replace(/,.*/, '')
}

/** Returns the case with the settings of the command line in place of those of the scenario. */
function changedCase(one: Case, changes: CaseChanges): Case {
  const { compression = one.settings.compression } = changes
  const ownLevel = compression === one.settings.compression ? one.settings.level : DEFAULT_LEVELS[compression]
  const timeoutSeconds = changes.timeoutSeconds ?? one.timeoutSeconds
  const contenders = one.contenders.filter(({ name }) => changes.only?.includes(programOf(name)) ?? true)
  return {
    ...one,
    tree: changes.tree === undefined ? one.tree : one.tree && inPlaceOf(one.tree, changes.tree),
    settings: {
      compression,
      level: changes.level ?? ownLevel,
      blockSize: changes.blockSize ?? one.settings.blockSize,
    },
    contenders: withPeers(contenders, changes.peers),
    ...(timeoutSeconds === undefined ? {} : { timeoutSeconds }),
  }
}

/** Returns the tree in the given directory, in the same special place as the scenario's own tree (`Tree.placed`). */
function inPlaceOf(own: Tree, directory: string): Tree {
  const tree = existingTree(resolve(directory))
  return own.placed?.(tree) ?? tree
}

function optional<Value>(text: string | undefined, parse: (text: string) => Value): Value | undefined {
  return text === undefined ? undefined : parse(text)
}

function wholeNumber(option: string, text: string): number {
  if (!/^[1-9]\d*$/.test(text)) throw new RangeError(`${option} takes a number from 1 up, not "${text}"`)
  return Number(text)
}

function parseCompression(text: string): Compression {
  if (text !== 'zstd' && text !== 'gzip') throw new RangeError(`--compression is zstd or gzip, not "${text}"`)
  return text
}

function parseCpus(text: string): readonly number[] {
  if (!/^\d+(,\d+)*$/.test(text)) throw new RangeError(`--cpus takes numbers like 0,1, not "${text}"`)
  return [...new Set(text.split(',').map(Number))]
}

function allCpus(): readonly number[] {
  return Array.from({ length: availableParallelism() }, (_, cpu) => cpu)
}

/**
 * The options for the record. Leaves out what is useless on other machines: paths are replaced, flags and --out
 * omitted.
 */
function recordedOptions(values: Readonly<Record<string, string | boolean | undefined>>): string {
  const words = Object.entries(values).flatMap(([name, value]) => {
    if (typeof value !== 'string' || name === 'out') return []
    const isPath = name === 'tree' || name === 'node' || name === 'mksquashfs'
    return [`--${name} ${isPath ? `<${name === 'tree' ? 'dir' : name}>` : value}`]
  })
  return words.map((word) => ` ${word}`).join('')
}
