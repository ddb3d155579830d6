import { defineConfig } from 'vitest/config'
import { LongestFirst, WORKERS } from './vitest.config.js'

/** All tests in one run, so that no worker waits: those of every day, the borders of the format, and faults at random. */
export default defineConfig({
  test: {
    projects: ['vitest.config.ts', 'vitest.borders.config.ts', 'vitest.faults.config.ts'].map((path) => ({
      extends: `./${path}`,
      test: { name: /vitest\.(?:(\w+)\.)?config/.exec(path)?.[1] ?? 'tests', maxWorkers: WORKERS },
    })),
    maxWorkers: WORKERS,
    sequence: { sequencer: LongestFirst },
  },
})
