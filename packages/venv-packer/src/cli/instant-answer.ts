/** Answers `--version` and `--help` without loading the parser or the library. */
import { BUNDLED_ZSTD_VERSION, type Encoder } from '../image/compression.js'
import { packageVersion } from '../package.js'
import { commandNamed } from './commands.js'
import { commandHelp, programHelp } from './help.js'

/** The text to print; undefined for any other command line. */
export function instantAnswer(argv: readonly string[]): string | undefined {
  const [first = '', second, ...more] = argv
  if (second === undefined) {
    if (asksForVersion(first)) return `${packageVersion()}\n`
    return first === '--help' || first === '-h' || first === 'help' ? programHelp() : undefined
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

function helpOf(name: string): string | undefined {
  const row = commandNamed(name)
  return row && commandHelp(name, row)
}

/** One JSON object on one line. Fields may be added, but are never renamed. */
function versionJson(): string {
  const properties = {
    ok: true,
    command: 'version',
    version: packageVersion(),
    node: process.versions.node,
    zstd: defaultZstd(),
    platform: `${process.platform}-${process.arch}`,
  }
  return `${JSON.stringify(properties)}\n`
}

/** The zstd that compresses without `--encoder`. */
function defaultZstd(): { readonly encoder: Encoder; readonly version: string } {
  const { zstd } = process.versions
  return zstd === undefined
    ? { encoder: 'bundled', version: BUNDLED_ZSTD_VERSION }
    : { encoder: 'node', version: zstd }
}
