/**
 * Measures a case. The contenders run in turns, A B C, B C A, C A B …, so that other load on the machine affects all of
 * them equally. The first round is not counted: it fills the page cache, checks that all contenders do the same work,
 * and finds those that exceed the timeout.
 */

import { rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { imageFault, readImageHead } from './image-head.js'
import { type Measurement, measure } from './measure.js'
import type { Case, Contender } from './scenario.js'
import { type Spread, spread } from './statistics.js'
import type { Calls, TreeAtHand } from './trees/tree.js'
import { type TreeFacts, treeFacts } from './trees/tree-facts.js'

export interface Conditions {
  readonly rounds: number
  /** The CPUs that the contenders may use. */
  readonly cpus: readonly number[]
  /** All images are written to this directory, so to the same filesystem. */
  readonly imageDirectory: string
  readonly signal: AbortSignal
  readonly say: (line: string) => void
}

export interface Cost {
  readonly wall: Spread
  readonly cpu: Spread
  readonly memory: Spread
  /** Undefined for a contender that writes no image. */
  readonly image: Spread | undefined
  /** Undefined on a filesystem that does not count calls. */
  readonly metadataCalls: Spread | undefined
  /** Undefined on a filesystem that does not count calls. */
  readonly reads: Spread | undefined
}

export const costNames = [
  'wall',
  'cpu',
  'memory',
  'image',
  'metadataCalls',
  'reads',
] as const satisfies (keyof Cost)[]

export interface Standing {
  readonly name: string
  /** Undefined for a contender that was stopped at the timeout. */
  readonly cost: Cost | undefined
}

export interface CaseResult {
  readonly case: Case
  readonly facts: TreeFacts | undefined
  readonly standings: readonly Standing[]
  /** CPU time of other programs during the counted runs, as a fraction of wall time × number of CPUs to use. */
  readonly disturbance: number
}

interface Run {
  readonly measurement: Measurement
  readonly image: number | undefined
  readonly calls: Calls | undefined
}

export async function compareCase(compared: Case, conditions: Conditions): Promise<CaseResult> {
  const { tree } = compared
  if (tree === undefined) return await takeTurns(compared, { directory: '' }, undefined, conditions)
  return await tree.use(async (atHand) => {
    const facts = tree.uncounted ? undefined : treeFacts(atHand.source ?? atHand.directory)
    return await takeTurns(compared, atHand, facts, conditions)
  }, conditions.signal)
}

async function takeTurns(
  compared: Case,
  tree: TreeAtHand,
  facts: TreeFacts | undefined,
  conditions: Conditions,
): Promise<CaseResult> {
  const turn = (contender: Contender) => runOnce(contender, compared, tree, facts, conditions)

  conditions.say('  warm-up')
  const finishers: Contender[] = []
  for (const contender of compared.contenders) {
    if (!(await turn(contender)).measurement.timedOut) finishers.push(contender)
  }

  const runs = new Map<Contender, Run[]>(finishers.map((contender) => [contender, []]))
  for (let round = 0; round < conditions.rounds; round += 1) {
    conditions.say(`  round ${round + 1} of ${conditions.rounds}`)
    for (const contender of rotated(finishers, round)) {
      const run = await turn(contender)
      if (run.measurement.timedOut) {
        throw new Error(`${contender.name} was done in time once, and then not. Give it more: --timeout`)
      }
      runs.get(contender)?.push(run)
    }
  }

  return {
    case: compared,
    facts,
    standings: compared.contenders.map((contender) => {
      const counted = runs.get(contender)
      return { name: contender.name, cost: counted === undefined ? undefined : cost(counted) }
    }),
    disturbance: disturbance([...runs.values()].flat(), conditions.cpus.length),
  }
}

async function runOnce(
  contender: Contender,
  compared: Case,
  tree: TreeAtHand,
  facts: TreeFacts | undefined,
  conditions: Conditions,
): Promise<Run> {
  const image = join(conditions.imageDirectory, 'image.squashfs')
  const cpus = conditions.cpus.slice(0, contender.cores)
  const command = contender.command({
    tree: tree.directory,
    image,
    settings: compared.settings,
    cores: cpus.length,
  })
  const { timeoutSeconds } = compared

  await rm(image, { force: true, recursive: true })
  // Resets the counters.
  await tree.calls?.()
  const measurement = await measure(command, { cpus, timeoutSeconds, signal: conditions.signal })
  const calls = await tree.calls?.()
  conditions.say(`    ${contender.name}: ${runLine(measurement)}`)
  if (!measurement.timedOut && measurement.exitCode !== 0) {
    throw new Error(`${contender.name} failed with ${measurement.exitCode}:\n${measurement.output}`)
  }
  if (!contender.makesImage || measurement.timedOut) return { measurement, image: undefined, calls }

  const fault = imageFault(await readImageHead(image), compared.settings, facts?.inodes)
  if (fault !== undefined) throw new Error(`${contender.name} did not pack what the others pack: ${fault}`)
  const { size } = await stat(image)
  // Removed now, so that the kernel need not write back the remaining dirty pages.
  await rm(image)
  return { measurement, image: size, calls }
}

function runLine({ timedOut, wall, cpu }: Measurement): string {
  return timedOut ? `stopped after ${wall.toFixed(0)} s` : `${wall.toFixed(3)} s, ${cpu.toFixed(3)} CPU s`
}

/** Rotates the items, so that the one at index `by` (modulo the length) comes first. */
export function rotated<Item>(items: readonly Item[], by: number): readonly Item[] {
  const first = items.length === 0 ? 0 : by % items.length
  return [...items.slice(first), ...items.slice(0, first)]
}

function cost(runs: readonly Run[]): Cost {
  return {
    wall: spread(runs.map(({ measurement }) => measurement.wall)),
    cpu: spread(runs.map(({ measurement }) => measurement.cpu)),
    memory: spread(runs.map(({ measurement }) => measurement.memory)),
    image: spreadOfKnown(runs.map(({ image }) => image)),
    metadataCalls: spreadOfKnown(runs.map(({ calls }) => calls?.metadata)),
    reads: spreadOfKnown(runs.map(({ calls }) => calls?.reads)),
  }
}

function spreadOfKnown(values: readonly (number | undefined)[]): Spread | undefined {
  const known = values.filter((value) => value !== undefined)
  return known.length === 0 ? undefined : spread(known)
}

function disturbance(runs: readonly Run[], cpus: number): number {
  const others = runs.reduce((sum, { measurement }) => sum + measurement.others, 0)
  const had = runs.reduce((sum, { measurement }) => sum + measurement.wall * cpus, 0)
  return had === 0 ? 0 : others / had
}
