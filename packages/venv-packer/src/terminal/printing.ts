/**
 * Writes reports to standard output and messages to standard error. A reader that closes the pipe (EPIPE), such as `head`, is not a
 * failure.
 */
import type { Failure } from '../failure.js'
import { UNPRINTABLE } from './printable.js'

/** Resolves when the text is written. Throws a Failure if it cannot be written, for example because the disk is full. */
export async function print(text: string): Promise<void> {
  const error = await written(process.stdout, text)
  if (error) throw await outputLost(error)
}

/** Like {@link print}, for output in several pieces. Resolves with false if the reader has closed the pipe: then stop. */
export async function printMore(piece: string | Uint8Array): Promise<boolean> {
  let isReading = true
  const error = await written(process.stdout, piece, () => {
    isReading = false
  })
  if (error) throw await outputLost(error)
  return isReading
}

/** Writes a message to standard error. An error of standard error itself is ignored, since nothing could report it. */
export async function printError(text: string): Promise<void> {
  await written(process.stderr, text)
}

/** Waits until the text is written. Resolves with the error if that fails, except if the reader has closed the pipe. */
function written(
  stream: NodeJS.WriteStream,
  text: string | Uint8Array,
  onPipeClosed = () => {},
): Promise<NodeJS.ErrnoException | undefined> {
  // Without a listener for errors the process would end. The callback below receives the error.
  if (stream.listenerCount('error') === 0) stream.on('error', () => {})
  return new Promise((done) => {
    const onWritten = (error?: NodeJS.ErrnoException | null): void => {
      const isPipeClosed = error?.code === 'EPIPE'
      if (isPipeClosed) onPipeClosed()
      done(error && !isPipeClosed ? error : undefined)
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

/** JSON that is safe to print on a terminal: DEL, C1 and direction characters, which `JSON.stringify` does not escape, are escaped. */
export function json(value: object): string {
  return JSON.stringify(value).replace(
    UNPRINTABLE,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

/** JSON with a newline at the end. */
export function line(value: object): string {
  return `${json(value)}\n`
}

/** Rounded to three decimals. */
export function rounded(value: number): number {
  return Math.round(value * 1000) / 1000
}

/** The style of a report: for people or for programs, verbose or quiet. */
export interface ReportStyle {
  /** Print one JSON object on standard output instead of text. */
  readonly json: boolean
  /** Print nothing but errors. */
  readonly quiet: boolean
  /** Show a progress bar if there is a terminal. */
  readonly progress: boolean
  /** Print stack traces of errors. */
  readonly debug: boolean
}

/** Reads the style from the values of a command line. Commands that lack an option use its default. */
export function reportStyle({
  json = false,
  quiet = false,
  progress = false,
  debug = false,
}: Partial<ReportStyle>): ReportStyle {
  return { json, quiet, progress: progress && !quiet, debug }
}

/** The style of a failure report. Read from the raw arguments, because parsing them may be what failed. */
export function failureStyle(argv: readonly string[]): Pick<ReportStyle, 'json' | 'debug'> {
  const end = argv.indexOf('--')
  const options = end < 0 ? argv : argv.slice(0, end)
  return { json: options.includes('--json'), debug: options.includes('--debug') }
}
