/**
 * Runs a command as a whole process and measures its cost. `python/measure.py` does the measurement: Node has no
 * `wait4`, so it cannot get the resource usage of a child process.
 */

import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { missingProgram } from './missing-program.js'

const MEASURE = fileURLToPath(new URL('../python/measure.py', import.meta.url))

/** The maximum length, in characters, of the output that is kept for error messages. */
const KEPT_OUTPUT = 4000

export interface Measurement {
  readonly exitCode: number
  readonly timedOut: boolean
  /** Seconds from the start of the process to its end. */
  readonly wall: number
  /** User and system CPU time of all threads, in seconds. */
  readonly cpu: number
  /** Peak resident memory in bytes; for several processes, that of the largest. */
  readonly memory: number
  /** CPU time of everything else on the machine during the run, in seconds. */
  readonly others: number
  /** The last part of what the command printed, on stdout and stderr. */
  readonly output: string
}

export interface MeasureOptions {
  /** The only CPUs that the command may use. */
  readonly cpus: readonly number[]
  readonly timeoutSeconds: number | undefined
  readonly signal: AbortSignal
}

/** @throws Error if the command cannot be run, or Python is not installed. A command that fails does not throw. */
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

/** @throws TypeError if a figure is missing. */
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
