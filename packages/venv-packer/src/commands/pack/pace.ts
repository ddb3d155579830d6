/** How fast bytes go by, from the last few seconds: what the progress bar's rate and time left are made of. */

/** Bytes a second, undefined while there is nothing to judge by. */
export type Pace = (time: number, bytes: number) => number | undefined

const windowSeconds = 5
const leastSeconds = 1

/** `time` is in seconds and only ever grows; so does `bytes`. */
export function startPace(): Pace {
  const samples: { readonly time: number; readonly bytes: number }[] = []
  return (time, bytes) => {
    samples.push({ time, bytes })
    while (samples.length > 2 && time - samples[1]!.time > windowSeconds) samples.shift()
    const first = samples[0]!
    const seconds = time - first.time
    return seconds < leastSeconds ? undefined : (bytes - first.bytes) / seconds
  }
}
