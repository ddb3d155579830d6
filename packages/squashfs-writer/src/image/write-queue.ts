/** Write queue: runs the writes to a sink, a limited number at a time, and keeps the first failure. */

/** Maximum number of writes at a time. */
const MAX_WRITES = 4

export class WriteQueue {
  readonly #writes = new Set<Promise<void>>()
  /** Copies by the kernel. They use no memory of this process, so their number is not limited here. */
  readonly #copies = new Set<Promise<void>>()
  #failure: { readonly error: unknown } | null = null

  /**
   * Starts a write, unless an earlier one has failed.
   * @param done called when the write has ended, and also if it was not started.
   */
  start(write: () => void | Promise<void>, done: () => void): void {
    this.#keep(this.#writes, this.#run(write).finally(done))
  }

  /** Starts a copy by the kernel, unless an earlier write has failed. */
  startCopy(copy: () => Promise<void>): void {
    this.#keep(this.#copies, this.#run(copy))
  }

  /**
   * Returns a promise to wait for before the next write, if too many are running.
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

  #keep(running: Set<Promise<void>>, write: Promise<void>): void {
    const ended = write.finally(() => running.delete(ended))
    running.add(ended)
  }

  async #run(write: () => void | Promise<void>): Promise<void> {
    try {
      if (!this.#failure) await write()
    } catch (error) {
      this.#failure ??= { error }
    }
  }

  /** Waits until another write may start. One call of the output may have started several writes. */
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
