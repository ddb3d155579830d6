/** Write queue: the writes to a sink that are under way. A bounded number of them runs at a time, and the first failure is kept. */

/** Writes that may be under way. */
const MAX_WRITES = 4

export class WriteQueue {
  readonly #writes = new Set<Promise<void>>()
  #failure: { readonly error: unknown } | null = null

  /**
   * Starts a write, unless one has failed before.
   * @param done called when the write has ended, or has not been started.
   */
  start(write: () => void | Promise<void>, done: () => void): void {
    const ended = this.#run(write).finally(() => {
      done()
      this.#writes.delete(ended)
    })
    this.#writes.add(ended)
  }

  /**
   * A promise to wait for before the next write, if enough are under way.
   * @throws the error of the write that failed first.
   */
  backpressure(): Promise<void> | undefined {
    this.#throwFailure()
    return this.#writes.size < MAX_WRITES ? undefined : this.#fewer()
  }

  /**
   * Waits for all writes.
   * @throws the error of the write that failed first.
   */
  async drain(): Promise<void> {
    await Promise.all(this.#writes)
    this.#throwFailure()
  }

  async #run(write: () => void | Promise<void>): Promise<void> {
    try {
      if (!this.#failure) await write()
    } catch (error) {
      this.#failure ??= { error }
    }
  }

  /** One call of the output may have started several writes. */
  async #fewer(): Promise<void> {
    while (this.#writes.size >= MAX_WRITES) {
      await Promise.race(this.#writes)
      this.#throwFailure()
    }
  }

  #throwFailure(): void {
    if (this.#failure) throw this.#failure.error
  }
}
