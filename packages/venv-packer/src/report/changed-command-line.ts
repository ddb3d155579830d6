/** A command line that was typed, as it should be typed again. */
import { resolve } from 'node:path'
import type { Mending } from '../errors/failure.js'
import { shellWord } from './shell-word.js'

/** The words after the program's name. */
export type CommandLine = readonly string[]

/** Long names by short ones, as far as they are replaced or left out. */
const shortNames: Readonly<Record<string, string>> = { '--output': '-o', '--force': '-f' }

/** Options that stand alone; all others that are replaced or left out have a value. */
const switches: ReadonlySet<string> = new Set([
  '--force',
  '--compile',
  '--no-compile',
  '--dry-run',
  '--debug',
  '--any-directory',
])

/**
 * @param path what `meant` takes the place of, absolute
 * @returns one line for a shell
 */
export function changed(argv: CommandLine, mending: Mending, path?: string): string {
  const end = argv.indexOf('--')
  let own = end < 0 ? argv : argv.slice(0, end)
  const command = end < 0 ? [] : argv.slice(end)
  const { options = [], without = [], meant } = mending
  for (const name of [...without, ...options.filter((word) => word.startsWith('--'))])
    own = leavingOut(own, name)
  const at = path === undefined || meant === undefined ? -1 : own.findIndex((word) => resolve(word) === path)
  if (meant !== undefined && at > 0) own = own.with(at, meant)
  const words = ['venv-packer', ...own, ...options, ...command].map(shellWord)
  return [...(mending.before === undefined ? [] : [mending.before]), ...words].join(' ')
}

function leavingOut(own: CommandLine, name: string): CommandLine {
  const hasValue = !switches.has(name)
  return own.filter((word, n) => {
    const isName = (one: string | undefined): boolean => one === name || one === shortNames[name]
    if (isName(word) || word.startsWith(`${name}=`)) return false
    return !(hasValue && n > 0 && isName(own[n - 1]))
  })
}

/** Options of `run` whose value could be taken for the image. */
const valued: ReadonlySet<string | undefined> = new Set(['--at', '--with'])

/** The image that a command line is about. */
export function imageOf(argv: CommandLine): string {
  return argv.find((word, n) => n > 0 && !word.startsWith('-') && !valued.has(argv[n - 1])) ?? 'IMAGE'
}
