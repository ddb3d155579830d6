/**
 * V8's settings for a packing. They are set at run time, after the modules are loaded: with a changed setting, Node cannot use its
 * embedded code cache, and starts and loads its own modules half as fast again.
 */
import { setFlagsFromString } from 'node:v8'

/** The first V8 that counts the calls before a function is optimised: that of Node 22. */
const COUNTS_INVOCATIONS = 12

/** Sets what makes most packings faster or smaller. */
export function tuneV8(): void {
  // The semi-spaces of the young generation would grow from 2 MiB to 16 MiB, and there are three of them. That saves no time here,
  // because objects either die soon or live until the end; it costs 60 MB for a venv of 20,000 files.
  setFlagsFromString('--semi-space-growth-factor=1')
  // Functions are optimised after 30,000 calls instead of 3,000. Most of a packing is not code of ours, and the optimiser needs more
  // time than its code saves, unless there are very many files.
  if (v8Version() >= COUNTS_INVOCATIONS) setFlagsFromString('--invocation-count-for-turbofan=30000')
}

function v8Version(): number {
  return Number.parseInt(process.versions.v8, 10)
}

/** With fewer files the heap is small, and collecting it more often costs more than its garbage. */
const MANY_FILES = 50_000

/**
 * Returns a function that is called with the number of files found so far. Once there are very many, V8 lets its heap grow by
 * a quarter before it collects garbage, instead of fourfold: 500,000 files take 660 to 730 MB instead of 730 to 810, in the same
 * time.
 */
export function heapLimiter(): (files: number) => void {
  let limited = false
  return (files) => {
    if (limited || files < MANY_FILES) return
    limited = true
    setFlagsFromString('--heap-growing-percent=25')
  }
}
