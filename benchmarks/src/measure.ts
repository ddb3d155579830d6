/**
 * One run of one command as a whole process, and what it cost. The measuring is done by `python/measure.py`: Node has no
 * `wait4`, and so no resource usage of a child.
 */

import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { missingProgram } from './missing-program.js'

const MEASURE = fileURLToPath(new URL('../python/measure.py', import.meta.url))

/** How much of what a failing command printed is shown. */
const KEPT_OUTPUT = 4000

export interface Measurement {
  readonly exitCode: number
  readonly timedOut: boolean
  /** Seconds from the start of the process to its end. */
  readonly wall: number
  /** User and system CPU seconds, of all threads. */
  readonly cpu: number
  /** Peak resident memory in bytes; of several processes, the largest. */
  readonly memory: number
  /** CPU seconds that everything else on the machine used meanwhile. */
  readonly others: number
  /** The end of what the command printed. */
  readonly output: string
}

export interface MeasureOptions {
  /** The only CPUs that the command may use. */
  readonly cpus: readonly number[]
  readonly timeoutSeconds: number | undefined
  readonly signal: AbortSignal
}

export async function measure(command: readonly string[], options: MeasureOptions): Promise<Measurement> {
  const wrapper = ['-I', '-S', MEASURE, '--cpus', options.cpus.join(',')]
  if (options.timeoutSeconds !== undefined) wrapper.push('--timeout', String(options.timeoutSeconds))

  return await new Promise<Measurement>((resolve, reject) => {
    const python = spawn('python3', [...wrapper, '--', ...command], {
      stdio: ['ignore', 'pipe', 'pipe'],
      signal: options.signal,
    })
    let figures = ''
    let output = ''
    python.stdout.setEncoding('utf8').on('data', (text: string) => {
      figures += text
    })
    python.stderr.setEncoding('utf8').on('data', (text: string) => {
      output = (output + text).slice(-KEPT_OUTPUT)
    })
    python.on('error', (error: NodeJS.ErrnoException) => {
      reject(error.code === 'ENOENT' ? missingProgram('python3', 'python3') : error)
    })
    python.on('close', (code) => {
      if (code === 0) resolve(parseMeasurement(figures, output.trim()))
      else reject(new Error(`Could not run ${command[0]}:\n${output.trim()}`))
    })
  })
}

export function parseMeasurement(json: string, output: string): Measurement {
  const figures = JSON.parse(json) as Readonly<Record<string, unknown>>
  const figure = (name: string): number => {
    const value = figures[name]
    if (typeof value !== 'number') throw new TypeError(`measure.py printed no ${name}: ${json}`)
    return value
  }
  return {
    exitCode: figure('exitCode'),
    timedOut: figures.timedOut === true,
    wall: figure('wall'),
    cpu: figure('user') + figure('sys'),
    memory: figure('maxrss'),
    others: figure('others'),
    output,
  }
}
