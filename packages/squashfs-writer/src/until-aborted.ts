/** Until aborted: waits for a promise that may never settle, and stops waiting at an abort. */

/** Waits for `work`. After an abort it rejects at once with the reason of the signal, even if a stream or disk does not respond. */
export async function untilAborted<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  const stopped = new AbortController()
  const aborted = new Promise<never>((_, reject) => {
    const stop = () => reject(signal.reason)
    if (signal.aborted) stop()
    signal.addEventListener('abort', stop, { signal: stopped.signal })
  })
  try {
    return await Promise.race([work, aborted])
  } finally {
    stopped.abort()
    work.catch(() => {}) // after an abort, its error is ignored
  }
}
