/**
 * Writes reports to standard output and messages to standard error, in the style that was asked for. A reader that has gone
 * away (EPIPE) is no failure.
 */
import type { Failure } from '../failure.js'
import { UNPRINTABLE } from './printable.js'

/** Done when the text is written; fails when it cannot be, as on a full disk. */
export async function print(text: string): Promise<void> {
  const error = await written(process.stdout, text)
  if (error) throw await outputLost(error)
}

/** As {@link print}, for one piece of many: false when the reader has gone, and no more need be written. */
export async function printMore(piece: string | Uint8Array): Promise<boolean> {
  let readerIsThere = true
  const error = await written(process.stdout, piece, () => {
    readerIsThere = false
  })
  if (error) throw await outputLost(error)
  return readerIsThere
}

/** Messages for people. When they cannot be written there is no one left to tell. */
export async function printError(text: string): Promise<void> {
  await written(process.stderr, text)
}

/** Waits until the text is written; gives the error if it cannot be, unless the reader has gone. */
function written(
  stream: NodeJS.WriteStream,
  text: string | Uint8Array,
  onReaderGone = () => {},
): Promise<NodeJS.ErrnoException | undefined> {
  // A stream without a listener for errors would end the process; the news itself comes with the callback.
  if (stream.listenerCount('error') === 0) stream.on('error', () => {})
  return new Promise((done) => {
    const onWritten = (error?: NodeJS.ErrnoException | null): void => {
      const isGone = error?.code === 'EPIPE'
      if (isGone) onReaderGone()
      done(error && !isGone ? error : undefined)
    }
    try {
      stream.write(text, onWritten)
    } catch (error) {
      onWritten(error as NodeJS.ErrnoException)
    }
  })
}

async function outputLost(error: NodeJS.ErrnoException): Promise<Failure> {
  const { Failure } = await import('../failure.js')
  const message = `the report could not be written: ${error.message}`
  return new Failure('OUTPUT_LOST', message, 'Look at where standard output goes.', {
    systemCode: error.code,
    cause: error,
  })
}

/** Characters that JSON leaves as they are and that a terminal obeys (DEL, C1, turns of the writing direction) are escaped, too. */
export function json(value: object): string {
  return JSON.stringify(value).replace(
    UNPRINTABLE,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

export function line(value: object): string {
  return `${json(value)}\n`
}

export function rounded(value: number): number {
  return Math.round(value * 1000) / 1000
}

/** The form of a command's output: for people or for programs, verbose or quiet. */
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

/** The style of a failure's report: from the raw arguments, since these may be what could not be parsed. */
export function failureStyle(argv: readonly string[]): Pick<ReportStyle, 'json' | 'debug'> {
  const end = argv.indexOf('--')
  const options = end < 0 ? argv : argv.slice(0, end)
  return { json: options.includes('--json'), debug: options.includes('--debug') }
}
