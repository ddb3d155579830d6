/** How a command speaks: to people or to programs, much or little. */

export interface ReportStyle {
  /** One JSON object on standard output instead of words. */
  readonly json: boolean
  /** Nothing but errors. */
  readonly quiet: boolean
  /** A progress bar, where there is a terminal. */
  readonly progress: boolean
  /** Stacks with the errors. */
  readonly debug: boolean
}

/** From the values of a command line; an option that a command does not have was not given. */
export function reportStyle({
  json = false,
  quiet = false,
  progress = false,
  debug = false,
}: Partial<ReportStyle>): ReportStyle {
  return { json, quiet, progress: progress && !quiet, debug }
}

/** How to speak of a failure: looked up in the raw arguments, for they may be what could not be understood. */
export function failureStyle(argv: readonly string[]): Pick<ReportStyle, 'json' | 'debug'> {
  const end = argv.indexOf('--')
  const options = end < 0 ? argv : argv.slice(0, end)
  return { json: options.includes('--json'), debug: options.includes('--debug') }
}
