import { defineConfig } from 'vitest/config'
import borders from './vitest.borders.config.js'
import everyday, { LongestFirst, TESTS, UNIT_TESTS, WORKERS } from './vitest.config.js'
import faults from './vitest.faults.config.js'

/** By name: the tests of every day, the borders of the format, and faults at random. */
const PROJECTS = {
  tests: { ...everyday.test, include: [...TESTS, ...UNIT_TESTS] },
  borders: borders.test,
  faults: faults.test,
}

/** All tests in one run, so that no worker waits. */
export default defineConfig({
  test: {
    projects: Object.entries(PROJECTS).map(([name, test]) => ({
      test: { ...test, name, maxWorkers: WORKERS },
    })),
    maxWorkers: WORKERS,
    sequence: { sequencer: LongestFirst },
  },
})
