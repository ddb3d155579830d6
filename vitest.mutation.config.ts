// The tests that mutants of the format and of the tables have to face: those that import the sources.
import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['packages/squashfs-writer/src/{format,tables}/**/*.test.ts'],
    testTimeout: 120_000,
  },
})
