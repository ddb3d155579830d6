import { defineConfig } from 'vitest/config'
import borders from './vitest.borders.config.js'
import { EVERYDAY, runOf } from './vitest.config.js'
import faults from './vitest.faults.config.js'

/** All tests: those of every day, the borders of the format, and faults at random. */
export default defineConfig({ test: runOf({ ...EVERYDAY, borders: borders.test!, faults: faults.test! }) })
