/** Steps: functions that are asynchronous only if they have to wait. A promise for each record would cost more than reading the record. */

/** Yields each promise for which it must wait, and receives its value. */
export type Steps<T> = Generator<Promise<unknown>, T, unknown>

/** Runs the steps. Returns the result, or a promise if they had to wait. */
export function runSteps<T>(steps: Steps<T>): T | Promise<T> {
  const step = steps.next()
  return step.done ? step.value : runRest(steps, step.value)
}

async function runRest<T>(steps: Steps<T>, first: Promise<unknown>): Promise<T> {
  for (let waiting = first; ; ) {
    const step = await waiting.then(
      (value) => steps.next(value),
      (error: unknown) => steps.throw(error),
    )
    if (step.done) return step.value
    waiting = step.value
  }
}

/** Waits for a value if it is a promise. Use it as `yield* waitFor(…)`. */
export function* waitFor<T>(value: T | Promise<T>): Steps<T> {
  return value instanceof Promise ? ((yield value) as T) : value
}
