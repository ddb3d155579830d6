/** The command lines that are answered at once, before anything is loaded that could take time. */
import { packageVersion } from '../version.js'
import { checkHelp, packHelp, programHelp } from './help.js'

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
    case 'check --help':
    case 'check -h':
    case 'help check':
      return checkHelp
    default:
      return undefined
  }
}
