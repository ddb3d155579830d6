/** V8: what it is told for a program that runs for seconds, beside compression that wants every core. */
import { availableParallelism } from 'node:os'
import { setFlagsFromString } from 'node:v8'

/**
 * Tells V8
 *
 * - not to let its youngest objects have more room than they have now, some 2 MiB: they would get 16 MiB, three times over.
 *   What packing makes is gone soon or stays to the end, so that the room gains little time.
 * - on Node 20 to wait six times as long before it compiles a function to its best: most would be done before that is paid
 *   back. Later ones have a quick compiler in between, and no such setting.
 * - on two cores to collect garbage by itself: helpers find no core free, and it waits for them.
 *
 * Said while Node runs, since a Node that is started with such flags cannot use the compiled code that it brings along, and
 * takes half as long again to start.
 */
export function settleForShortRun(): void {
  setFlagsFromString('--semi-space-growth-factor=1')
  if (availableParallelism() <= 2) {
    setFlagsFromString('--no-parallel-scavenge')
    setFlagsFromString('--no-concurrent-array-buffer-sweeping')
    setFlagsFromString('--no-concurrent-marking')
  }
  if (process.versions.node.startsWith('20.')) setFlagsFromString('--interrupt-budget=400000')
}
