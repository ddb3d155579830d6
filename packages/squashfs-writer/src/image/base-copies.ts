/**
 * Base copies: copies by the system from the base, a few at a time. The system is given the numbers of two open files, which mean
 * other files once these are closed: so both stay open until the copies under way have ended, also after an abort.
 */
import { SquashfsError } from '../errors.js'

/** Copies under way. One alone leaves half of the memory's speed unused. */
const MOST_COPIES = 4

export class BaseCopies {
  readonly #underWay = new Set<Promise<void>>()
  #hasEnded = false

  /** Starts a copy once few enough are under way. @throws SquashfsError with the code `WORKER` after {@link end}. */
  async run(copy: () => Promise<void>): Promise<void> {
    while (this.#underWay.size >= MOST_COPIES && !this.#hasEnded) await Promise.race(this.#underWay)
    if (this.#hasEnded) throw new SquashfsError('WORKER', 'the work was stopped')
    const copying = copy()
    const ended = copying
      .catch(() => {}) // thrown where it is waited for
      .finally(() => this.#underWay.delete(ended))
    this.#underWay.add(ended)
    await copying
  }

  /** Starts no more copies, and waits for those under way. */
  async end(): Promise<void> {
    this.#hasEnded = true
    await Promise.all(this.#underWay)
  }
}
