/** A failure in words: what happened and where, the remedy, and a line to paste; one line each unless there are many paths. */
import type { Failure } from '../errors/failure.js'
import type { CommandLine } from './changed-command-line.js'
import { count } from './figures.js'
import { printable } from './printable.js'
import { remedyLine } from './remedy-line.js'

const pathsShown = 10

/** @param argv the command line that failed */
export function failureLines(failure: Failure, argv: CommandLine): string {
  const lines = [`venv-packer: ${printable(failure.message)}`]
  if (failure.paths.length > 1) {
    const shown = failure.paths.slice(0, pathsShown)
    lines.push(...shown.map(({ path, message }) => `  ${printable(path)}: ${printable(message)}`))
    const rest = failure.paths.length - shown.length
    if (rest > 0) lines.push(`  and ${count(rest)} more; --json lists them all`)
  }
  if (failure.output)
    lines.push(...failure.output.split('\n').map((line) => `  | ${printable(line)}`.trimEnd()))
  lines.push(`  ${printable(failure.remedy)}`, `    ${remedyLine(failure, argv)}`)
  return `${lines.join('\n')}\n`
}
