// The tests that mutants of the format and of the tables must fail: those that import the sources.
import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['packages/squashfs-writer/src/{format/**/*,image/{*-table,metadata-writer}}.test.ts'],
    testTimeout: 120_000,
  },
})
