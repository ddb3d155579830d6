/** A command line that was typed, as it should be typed again. */

import { resolve } from 'node:path'
import type { Mending } from '../failure.js'
import { shellWord } from '../terminal/printable.js'
import { commands } from './commands.js'
import type { CommandRow } from './table.js'

/** The words after the program's name. */
export type CommandLine = readonly string[]

const flags = Object.values<CommandRow>(commands).flatMap(({ options }) =>
  options.flatMap(({ rows }) => Object.values(rows).map((row) => row.flags)),
)

/** Short names of options by their long ones. */
const shortNames: ReadonlyMap<string, string> = new Map(
  flags.flatMap((text) => {
    const [, short, long] = /^(-\w), (--[\w-]+)/.exec(text) ?? []
    return short === undefined || long === undefined ? [] : [[long, short] as const]
  }),
)

/** Options that have no value. */
const switches: ReadonlySet<string> = new Set(
  flags.filter((text) => !text.includes('<')).map((text) => text.replace(/^-\w, /, '')),
)

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
    const isName = (one: string | undefined): boolean => one === name || one === shortNames.get(name)
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
