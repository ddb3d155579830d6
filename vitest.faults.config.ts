// Faults at random while packing: `npm run test:faults`.
import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['packages/*/faults/**/*.faults.ts'],
    globalSetup: 'packages/venv-packer/faults/table.ts',
    testTimeout: 600_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
  },
})
