/** The command lines that are answered at once, before anything is loaded that could take time. */
import { packageVersion } from '../version.js'
import { completionHelp, diffHelp, packHelp, programHelp, rollbackHelp } from './help.js'

export function instantAnswer(argv: readonly string[]): string | undefined {
  switch (argv.join(' ')) {
    case '--version':
    case '-V':
      return `${packageVersion()}\n`
    case '--help':
    case '-h':
    case 'help':
      return programHelp
    case 'pack --help':
    case 'pack -h':
    case 'help pack':
      return packHelp
    case 'rollback --help':
    case 'rollback -h':
    case 'help rollback':
      return rollbackHelp
    case 'diff --help':
    case 'diff -h':
    case 'help diff':
      return diffHelp
    case 'completion --help':
    case 'completion -h':
    case 'help completion':
      return completionHelp
    default:
      return undefined
  }
}
