/** Steps: work that is done at once unless it must wait: a promise for every record takes longer than the record. */

/** Yields a promise that it must wait for, and gets its value. */
export type Steps<T> = Generator<Promise<unknown>, T, unknown>

/** Does the work: at once, or with a promise if it must wait. */
export function take<T>(steps: Steps<T>): T | Promise<T> {
  const step = steps.next()
  return step.done ? step.value : takeRest(steps, step.value)
}

async function takeRest<T>(steps: Steps<T>, first: Promise<unknown>): Promise<T> {
  for (let waiting = first; ; ) {
    const step = await waiting.then(
      (value) => steps.next(value),
      (error: unknown) => steps.throw(error),
    )
    if (step.done) return step.value
    waiting = step.value
  }
}

/** Waits for a value if it is a promise: `yield* settled(…)`. */
export function* settled<T>(value: T | Promise<T>): Steps<T> {
  return value instanceof Promise ? ((yield value) as T) : value
}
