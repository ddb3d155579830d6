/** Handles Ctrl-C, SIGTERM and SIGHUP: the first signal stops the work and lets it clean up, a second one ends the process at once. */
import { setMaxListeners } from 'node:events'
import { EXIT_CODES, Failure } from '../failure.js'

export interface Interruption {
  /** Aborted by the first signal. The reason is a Failure that names it. */
  readonly signal: AbortSignal
  /** Restores the default effect of the signals. */
  readonly stopListening: () => void
}

const SIGNALS = {
  SIGINT: EXIT_CODES.interrupted,
  SIGTERM: EXIT_CODES.terminated,
  SIGHUP: EXIT_CODES.hungUp,
} as const
type SignalName = keyof typeof SIGNALS

/** After one Ctrl-C both the terminal and npx send SIGINT. A second signal within these milliseconds is ignored. */
const SAME_KEYSTROKE_MS = 300

export function listenForInterruption(): Interruption {
  const controller = new AbortController()
  setMaxListeners(0, controller.signal) // one listener for each worker
  let first: number | undefined
  const onSignal = (name: SignalName): void => {
    const now = performance.now()
    if (first === undefined) {
      first = now
      controller.abort(interrupted(name))
    } else if (now - first > SAME_KEYSTROKE_MS) {
      process.exit(SIGNALS[name])
    }
  }
  const names = Object.keys(SIGNALS) as SignalName[]
  for (const name of names) process.on(name, onSignal)
  return {
    signal: controller.signal,
    stopListening: () => {
      for (const name of names) process.off(name, onSignal)
    },
  }
}

function interrupted(name: SignalName): Failure {
  return new Failure(
    'INTERRUPTED',
    `stopped by ${name}; no image was written`,
    'Run it again to pack the venv.',
    {
      exitCode: SIGNALS[name],
    },
  )
}
