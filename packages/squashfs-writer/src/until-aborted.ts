/** Until aborted: waits for a promise that may never settle, and ends the wait at an abort. */

/** Waits for `work`. Rejects with the signal's reason as soon as it is aborted, though a stream or a disk may not answer yet. */
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
    work.catch(() => {}) // nobody waits for it any more
  }
}
