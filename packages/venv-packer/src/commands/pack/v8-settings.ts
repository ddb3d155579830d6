/**
 * V8's settings for a packing. They are set at run time, after the modules are loaded: with a changed setting, Node cannot use its
 * embedded code cache, and takes twice as long to load its own modules.
 */
import { setFlagsFromString } from 'node:v8'

/** The first V8 that counts the calls before a function is optimised: that of Node 22. */
const COUNTS_INVOCATIONS = 12

/** Sets what makes most packings faster, or smaller in memory. */
export function tuneV8(): void {
  // The young generation would grow to 48 MiB. For a venv of 20,000 files this takes 60 MB more, and saves at most 7 % of the time:
  // objects either die soon or live until the end.
  setFlagsFromString('--semi-space-growth-factor=1')
  // A function is optimised after ten times as many calls: with few files the optimiser takes longer than its code saves.
  optimizeAfter(30_000)
}

/** @param calls of a function. V8's default is 3,000. */
function optimizeAfter(calls: number): void {
  const v8 = Number.parseInt(process.versions.v8, 10)
  if (v8 >= COUNTS_INVOCATIONS) setFlagsFromString(`--invocation-count-for-turbofan=${calls}`)
}

const MANY_FILES = 50_000

/**
 * Returns a function that is called with the number of files found so far. Once there are very many, functions are optimised as
 * usual, and V8 lets its heap grow by a quarter before it collects garbage, instead of fourfold: 500,000 files take some 70 MB less,
 * in the same time. A small heap has less garbage than collecting it more often is worth.
 */
export function tunerForManyFiles(): (files: number) => void {
  let tuned = false
  return (files) => {
    if (tuned || files < MANY_FILES) return
    tuned = true
    optimizeAfter(3_000)
    setFlagsFromString('--heap-growing-percent=25')
  }
}
