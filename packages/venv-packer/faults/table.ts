/** Prints a table of the outcomes of all runs, by kind of fault, after the last test. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import type { Run } from './runs.js'

declare module 'vitest' {
  interface ProvidedContext {
    seed: number
    /** The directory in which test files record their runs. */
    runDirectory: string
  }
}

/** Vitest calls this before the first test file, and the returned function after the last one. */
export default function setup(project: TestProject): () => void {
  const seed = Number(process.env.FAULTS_SEED ?? Math.floor(Math.random() * 2 ** 31))
  const runDirectory = mkdtempSync(join(tmpdir(), 'faults-'))
  project.provide('seed', seed)
  project.provide('runDirectory', runDirectory)
  console.log(`FAULTS_SEED=${seed}\n`)
  return () => {
    const lines = readdirSync(runDirectory).flatMap((name) =>
      readFileSync(join(runDirectory, name), 'utf8').trim().split('\n'),
    )
    rmSync(runDirectory, { recursive: true })
    console.log(`\n${tableOf(lines.map((line) => JSON.parse(line)))}\nFAULTS_SEED=${seed}\n`)
  }
}

function tableOf(all: readonly Run[]): string {
  const faults = [...new Set(all.map(({ fault }) => fault))].sort()
  const rows = [
    ...faults.map((fault) =>
      rowOf(
        fault,
        all.filter((run) => run.fault === fault),
      ),
    ),
    rowOf('all', all),
  ]
  const head = ['fault', 'runs', 'old image kept', 'new image complete', 'exit codes']
  const widths = head.map((title, at) =>
    Math.max(...[head, ...rows].map((row) => row[at]?.length ?? 0), title.length),
  )
  const line = (row: readonly string[]) =>
    `| ${row.map((cell, at) => cell.padEnd(widths[at]!)).join(' | ')} |`
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`
  return `${[line(head), rule, ...rows.map(line)].join('\n')}\n`
}

function rowOf(fault: string, all: readonly Run[]): readonly string[] {
  const ended = (image: Run['image']) => `${all.filter((run) => run.image === image).length}`
  const codes = new Map<string, number>()
  for (const { code } of all) codes.set(`${code}`, (codes.get(`${code}`) ?? 0) + 1)
  const counts = [...codes].sort(([a], [b]) => (a < b ? -1 : 1)).map(([code, count]) => `${code} (${count})`)
  return [fault, `${all.length}`, ended('old'), ended('new'), counts.join(', ')]
}
