// How much of the library its tests run. The tests use what is built, so lines are counted there and traced back to the
// sources by the source maps. What child processes and worker threads run is not counted.
import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['packages/squashfs-writer/{src,test}/**/*.test.ts'],
    testTimeout: 600_000,
    hookTimeout: 600_000,
    maxWorkers: 2,
    coverage: {
      enabled: true,
      provider: 'v8',
      include: ['packages/squashfs-writer/{src,dist}/**/*.{ts,js}'],
      exclude: ['**/*.test.ts', '**/*.d.ts'],
      excludeAfterRemap: true,
      reporter: ['text'],
      thresholds: { lines: 95 },
    },
  },
})
