/** The command lines that are answered at once, before anything is loaded that could take time. */

import { packageVersion } from '../package.js'
import { commandHelps, programHelp } from './help.js'
import { versionJson } from './version-report.js'

export function instantAnswer(argv: readonly string[]): string | undefined {
  const [first = '', second, ...more] = argv
  if (second === undefined) {
    if (asksForVersion(first)) return `${packageVersion()}\n`
    return first === '--help' || first === '-h' || first === 'help' ? programHelp : undefined
  }
  if (more.length > 0) return undefined
  if (asksForVersion(first) && second === '--json') return versionJson()
  if (asksForVersion(second) && first === '--json') return versionJson()
  if (first === 'help') return helpOf(second)
  return second === '--help' || second === '-h' ? helpOf(first) : undefined
}

function asksForVersion(argument: string): boolean {
  return argument === '--version' || argument === '-V'
}

function helpOf(command: string): string | undefined {
  return Object.hasOwn(commandHelps, command) ? commandHelps[command] : undefined
}
