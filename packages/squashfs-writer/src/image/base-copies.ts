/**
 * Base copies: copies by the system from the base, one at a time. The system is given the numbers of two open files, which mean
 * other files once these are closed: so both stay open until the copy under way has ended, also after an abort.
 */
import { SquashfsError } from '../errors.js'

export class BaseCopies {
  #last: Promise<void> = Promise.resolve()
  #hasEnded = false

  /** Starts a copy once those before it have ended. @throws SquashfsError with the code `WORKER` after {@link end}. */
  run(copy: () => Promise<void>): Promise<void> {
    const done = this.#last.then(() => {
      if (this.#hasEnded) throw new SquashfsError('WORKER', 'the work was stopped')
      return copy()
    })
    this.#last = done.catch(() => {}) // thrown where it is waited for
    return done
  }

  /** Starts no more copies, and waits for the one under way. */
  async end(): Promise<void> {
    this.#hasEnded = true
    await this.#last
  }
}
