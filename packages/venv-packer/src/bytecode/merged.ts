/** Several sources as one: whatever comes first. */

/** Yields what the sources yield, as it comes; each source works on its next value meanwhile. Ends with the first failure. */
export async function* merged<T>(sources: readonly AsyncIterator<T>[]): AsyncGenerator<T> {
  const next = (source: AsyncIterator<T>) => {
    const value = source.next().then((result) => ({ source, result }))
    value.catch(() => {}) // thrown by the race below
    return value
  }
  const underWay = new Map(sources.map((source) => [source, next(source)]))
  while (underWay.size > 0) {
    const { source, result } = await Promise.race(underWay.values())
    if (result.done) {
      underWay.delete(source)
    } else {
      underWay.set(source, next(source))
      yield result.value
    }
  }
}
