import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import { UNIT_TESTS } from './vitest.config.js'

const source = (path: string) => fileURLToPath(new URL(path, import.meta.url))

/** What a source file does by itself: from the sources as they are, without a build and without root. */
export default defineConfig({
  resolve: {
    alias: [
      { find: /^fixtures$/, replacement: source('fixtures/src/index.ts') },
      { find: /^squashfs-writer$/, replacement: source('packages/squashfs-writer/src/index.ts') },
      {
        find: /^squashfs-writer\/format$/,
        replacement: source('packages/squashfs-writer/src/format/index.ts'),
      },
      {
        find: /^squashfs-writer\/read$/,
        replacement: source('packages/squashfs-writer/src/image-file/open-image.ts'),
      },
      { find: /^squashfs-writer\/system$/, replacement: source('packages/squashfs-writer/src/system.ts') },
      { find: /^squashfs-writer\/paths$/, replacement: source('packages/squashfs-writer/src/paths.ts') },
      {
        find: /^squashfs-writer\/patterns$/,
        replacement: source('packages/squashfs-writer/src/patterns.ts'),
      },
    ],
  },
  test: {
    include: UNIT_TESTS,
    // They are pure, so that files can share a process: starting one for each takes longer than most tests.
    isolate: false,
    maxWorkers: 2,
    testTimeout: 30_000,
  },
})
