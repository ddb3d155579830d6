/** Runs the command on a terminal, and computes what its screen shows. */
import { fileURLToPath } from 'node:url'
import { run } from 'fixtures'

export interface TerminalRequest {
  readonly command: readonly string[]
  readonly cwd: string
  readonly env?: Readonly<Record<string, string>>
  readonly columns?: number
  /** Pairs of a text and keys: when the text has appeared, the keys are pressed. */
  readonly press?: readonly (readonly [string, string])[]
}

export interface TerminalResult {
  readonly code: number
  /** All output, with control characters. */
  readonly written: string
  /** Whether all keys were pressed. */
  readonly pressed: boolean
}

/** Runs a command on a pseudo terminal: its standard input, output and error. */
export async function onTerminal(request: TerminalRequest): Promise<TerminalResult> {
  const script = fileURLToPath(new URL('./on-terminal.py', import.meta.url))
  const { stdout } = await run('python3', [script], {
    input: JSON.stringify({ env: { TERM: 'xterm' }, columns: 100, press: [], ...request }),
  })
  return JSON.parse(stdout.toString()) as TerminalResult
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it reads.
const pieces = /\u001b\[(\d*)([A-Za-z])|[\s\S]/g

/**
 * The lines on the screen at the end. Supports return, "go to column" and "clear line", and throws for other control sequences: a command
 * that uses only these has nothing to restore when it ends.
 */
export function screen(written: string): readonly string[] {
  const lines: string[] = ['']
  let column = 0
  for (const [piece, number = '', command] of written.matchAll(pieces)) {
    const line = lines.at(-1)!
    if (command === 'G') column = Number(number || 1) - 1
    else if (command === 'K' && number === '2') lines[lines.length - 1] = ''
    else if (command === 'K' && (number === '0' || number === ''))
      lines[lines.length - 1] = line.slice(0, column)
    else if (piece === '\r') column = 0
    else if (piece === '\n') lines.push('')
    else if (piece < ' ' || piece === '\u007f') throw new Error(`unknown control: ${JSON.stringify(written)}`)
    else {
      lines[lines.length - 1] = line.padEnd(column).slice(0, column) + piece + line.slice(column + 1)
      column++
    }
  }
  return lines
}
