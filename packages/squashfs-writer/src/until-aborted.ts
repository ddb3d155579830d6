/** Until aborted: an abort is answered at once, though what is waited for may never come. */

/** What `work` gives; once the signal is aborted its reason at once, though a stream or a disk may not answer yet. */
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
