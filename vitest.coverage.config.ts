// The lines of the library that its tests run: `npm run test:coverage`. The tests import the package's sources here, not
// what the build makes of them.
import { basename, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { defineConfig } from 'vitest/config'
import { SETTINGS } from './vitest.config.js'

const library = join(import.meta.dirname, 'packages/squashfs-writer')
const source = (path: string) => join(library, 'src', path)

/** What runs in threads of its own, as the build makes it. */
const threads = [
  { startedBy: 'source/workers/pool-worker.ts', file: 'worker.js' },
  { startedBy: 'image-file/extract-threads.ts', file: 'extract-worker.js' },
]

export default defineConfig({
  resolve: {
    alias: [
      { find: /^squashfs-writer$/, replacement: source('index.ts') },
      { find: /^squashfs-writer\/format$/, replacement: source('format/index.ts') },
      { find: /^squashfs-writer\/read$/, replacement: source('image-file/open-image.ts') },
      { find: /^squashfs-writer\/paths$/, replacement: source('paths.ts') },
      { find: /^squashfs-writer\/patterns$/, replacement: source('patterns.ts') },
      { find: /^squashfs-writer\/system$/, replacement: source('system.ts') },
    ],
  },
  plugins: [
    {
      name: 'threads-of-the-built-package',
      enforce: 'pre',
      // A thread is started from a file that Node itself can run.
      transform(code, id) {
        const thread = threads.find(({ startedBy }) => id === source(startedBy))
        if (thread === undefined) return null
        const { file } = thread
        const built = pathToFileURL(join(library, 'dist', file)).href
        return { code: code.replace(`'./${basename(file)}'`, JSON.stringify(built)), map: null }
      },
    },
  ],
  test: {
    ...SETTINGS,
    include: ['packages/squashfs-writer/{src,test}/**/*.test.ts'],
    exclude: [
      // They take minutes, or run the library in processes of their own, where no lines are counted.
      'packages/squashfs-writer/test/{borders,long-lived,same-bytes,trees.property,xattrs}.test.ts',
    ],
    coverage: {
      enabled: true,
      provider: 'v8',
      include: ['packages/squashfs-writer/src/**/*.ts'],
      exclude: ['**/*.test.ts', '**/*.d.ts'],
      reporter: ['text', 'text-summary'],
      thresholds: { lines: 95 },
    },
  },
})
