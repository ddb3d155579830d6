import { defineConfig } from 'vitest/config'
import { SETTINGS } from './vitest.config.js'

/** The borders of the format that take too long for every run: `npm run test:borders`. */
export default defineConfig({
  test: {
    ...SETTINGS,
    include: ['packages/*/test/**/*.borders.ts'],
    testTimeout: 600_000,
    maxWorkers: 1,
  },
})
