/**
 * The benchmark command. Runs each scenario, in which venv-packer, mksquashfs and gensquashfs pack the same tree in
 * turns, and prints a comparison of the costs.
 */

import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { thisMachine } from './machine.js'
import { HELP, type Options, parseOptions } from './options.js'
import { disturbanceNote } from './report/case-result.js'
import { chart } from './report/chart.js'
import { type Figures, figuresOf, regressions } from './report/figures-file.js'
import { caseCircumstances, type ScenarioRecord } from './report/record.js'
import { withSection } from './report/results-file.js'
import { caseTable } from './report/table.js'
import { compareCase } from './rounds.js'
import type { Scenario } from './scenario.js'

const RESULTS = fileURLToPath(new URL('../RESULTS.md', import.meta.url))
const CHARTS = fileURLToPath(new URL('../charts', import.meta.url))
const FIGURES = fileURLToPath(new URL('../figures', import.meta.url))

/** If other programs used more than this share of the CPU time, the figures are not reliable. */
const TOLERABLE_DISTURBANCE = 0.05

async function main(words: readonly string[]): Promise<void> {
  const options = parseOptions(words)
  if (options === undefined) {
    console.log(HELP)
    return
  }
  if ('compare' in options) return await sayWhatGotWorse(options.compare)
  const stopped = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stopped.abort())

  warnOfLoad(options.cpus.length)
  await withImageDirectory(options.imageDirectory, async (imageDirectory) => {
    for (const scenario of options.scenarios) {
      const record = await compareScenario(scenario, options, imageDirectory, stopped.signal)
      print(record)
      if (options.record) await keep(record)
    }
  })
}

async function compareScenario(
  scenario: Scenario,
  options: Options,
  imageDirectory: string,
  signal: AbortSignal,
): Promise<ScenarioRecord> {
  const versions = await contenderVersions(scenario)
  const rounds = options.rounds(scenario)
  const { cpus } = options
  const say = (line: string) => console.error(line)

  say(`${scenario.title}\n${versions.join(', ')}`)
  const results = []
  for (const one of scenario.cases) {
    say(one.name)
    results.push(await compareCase(one, { rounds, cpus, imageDirectory, signal, say }))
  }
  return {
    scenario,
    results,
    rounds,
    command: `pnpm bench ${scenario.name}${options.recordedOptions} --record`,
    date: new Date().toISOString().slice(0, 10),
    versions,
    machine: thisMachine(cpus.length),
  }
}

/** The versions of all contenders. Throws if a program is missing, before anything is measured. */
async function contenderVersions(scenario: Scenario): Promise<readonly string[]> {
  const asked = new Set(scenario.cases.flatMap(({ contenders }) => contenders.map(({ version }) => version)))
  return [...new Set(await Promise.all([...asked].map((version) => version())))]
}

function print({ results }: ScenarioRecord): void {
  for (const result of results) {
    console.log(`\n${result.case.name}: ${caseCircumstances(result)}\n\n${caseTable(result)}`)
    if (result.disturbance > TOLERABLE_DISTURBANCE && result.case.tree?.servedBy === undefined) {
      console.log(`\n${disturbanceNote(result)} Measure again when it is quiet.`)
    }
  }
}

async function keep(record: ScenarioRecord): Promise<void> {
  const { name } = record.scenario
  await mkdir(CHARTS, { recursive: true })
  await mkdir(FIGURES, { recursive: true })
  await writeFile(join(FIGURES, `${name}.json`), `${JSON.stringify(figuresOf(record), null, 2)}\n`)
  await writeFile(join(CHARTS, `${name}.svg`), chart(record))
  await writeFile(RESULTS, withSection(await readFile(RESULTS, 'utf8').catch(() => ''), record))
  console.log(`\nRecorded in RESULTS.md, charts/${name}.svg and figures/${name}.json`)
}

async function sayWhatGotWorse(files: readonly [string, string]): Promise<void> {
  const [earlier, later] = await Promise.all(
    files.map(async (file) => JSON.parse(await readFile(file, 'utf8')) as Figures),
  )
  const worse = regressions(earlier!, later!)
  console.log(worse.length === 0 ? 'Nothing got worse.' : worse.join('\n'))
  if (worse.length > 0) process.exitCode = 1
}

function warnOfLoad(cores: number): void {
  const [load = 0] = loadavg()
  if (load > cores / 4) console.error(`The load is ${load.toFixed(1)} already: figures will be noisy.`)
}

async function withImageDirectory(
  given: string | undefined,
  body: (directory: string) => Promise<void>,
): Promise<void> {
  const parent = given ?? tmpdir()
  await mkdir(parent, { recursive: true })
  const directory = await mkdtemp(join(parent, 'benchmark-'))
  try {
    await body(directory)
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

main(process.argv.slice(2)).catch((error: unknown) => {
  const stopped = error instanceof Error && error.name === 'AbortError'
  console.error(stopped ? 'Stopped' : error instanceof Error ? error.message : error)
  process.exitCode = stopped ? 130 : 1
})
