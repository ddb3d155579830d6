import { defineConfig } from 'vitest/config'
import borders from './vitest.borders.config.js'
import everyday, { LongestFirst, TESTS, UNIT_TESTS, WORKERS } from './vitest.config.js'
import faults from './vitest.faults.config.js'

/** By name: the tests of every day, the borders of the format, and faults at random. */
const PROJECTS = {
  // A hundred small files: the modules are loaded once for each process, not for each file.
  unit: { ...everyday.test, include: UNIT_TESTS, isolate: false },
  tests: { ...everyday.test, include: TESTS },
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
