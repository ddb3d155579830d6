/** Write queue: the writes to a sink that are under way. A bounded number of them runs at a time, and the first failure is kept. */

/** Writes that may be under way. */
const MAX_WRITES = 4

export class WriteQueue {
  readonly #writes = new Set<Promise<void>>()
  /** Writes that hold no memory of this process, and are not bounded. */
  readonly #copies = new Set<Promise<void>>()
  #failure: { readonly error: unknown } | null = null

  /**
   * Starts a write, unless one has failed before.
   * @param done called when the write has ended, or has not been started.
   */
  start(write: () => void | Promise<void>, done: () => void): void {
    this.#keep(this.#writes, this.#run(write).finally(done))
  }

  /** Starts a copy by the system, unless a write has failed before. */
  startCopy(copy: () => Promise<void>): void {
    this.#keep(this.#copies, this.#run(copy))
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
    await Promise.all([...this.#writes, ...this.#copies])
    this.#throwFailure()
  }

  #keep(among: Set<Promise<void>>, write: Promise<void>): void {
    const ended = write.finally(() => among.delete(ended))
    among.add(ended)
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
