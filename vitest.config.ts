import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: [
      'packages/*/test/**/*.test.ts',
      'packages/*/src/**/*.test.ts',
      'fixtures/test/**/*.test.ts',
      'benchmarks/test/**/*.test.ts',
      'release/test/**/*.test.ts',
    ],
    // Mounts, loop devices and half-gigabyte trees: slow, and few at a time.
    testTimeout: 120_000,
    hookTimeout: 600_000,
    maxWorkers: 2,
    // The command keeps records of what it packs in the user's cache; not those of tests.
    env: { XDG_CACHE_HOME: join(tmpdir(), 'venv-packer-tests-cache') },
  },
})
