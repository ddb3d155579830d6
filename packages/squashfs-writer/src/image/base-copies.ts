/**
 * Base copies: copies from the base by the kernel, a few at a time. The kernel gets two file descriptors, whose numbers may be
 * reused once the files are closed. So both files stay open until all copies have ended, even after an abort.
 */
import { SquashfsError } from '../errors.js'

/** Maximum number of copies at a time. A single copy uses half of the memory bandwidth. */
const MAX_COPIES = 4

export class BaseCopies {
  readonly #running = new Set<Promise<void>>()
  #hasEnded = false

  /** Runs a copy, when fewer than the maximum are running. @throws SquashfsError with the code `WORKER` after {@link end}. */
  async run(copy: () => Promise<void>): Promise<void> {
    while (this.#running.size >= MAX_COPIES && !this.#hasEnded) await Promise.race(this.#running)
    if (this.#hasEnded) throw new SquashfsError('WORKER', 'the work was stopped')
    const copying = copy()
    const ended = copying
      .catch(() => {}) // the caller of `run` gets the error
      .finally(() => this.#running.delete(ended))
    this.#running.add(ended)
    await copying
  }

  /** Prevents further copies, and waits for those that are running. */
  async end(): Promise<void> {
    this.#hasEnded = true
    await Promise.all(this.#running)
  }
}
