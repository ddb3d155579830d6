// Turns each package's compiled sources into a few files. On a cluster every file that Node opens to start a program is a
// round trip to the file server, and a hundred modules are three hundred of them.
import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { build } from 'esbuild'

/**
 * By package: the modules that others import, by their names, which share files among each other; modules that are one file
 * each, because several threads load them, or because programs need little of the library; and what must be loaded quickly: one
 * file that is no ES module, with its part of the library.
 */
const packages = {
  'squashfs-writer': {
    entries: {
      index: 'index.ts',
      paths: 'paths.ts',
      patterns: 'patterns.ts',
      'format/index': 'format/index.ts',
      'image-file/open-image': 'image-file/open-image.ts',
    },
    single: {
      system: 'system.ts',
      worker: 'source/workers/worker.ts',
      'extract-worker': 'image-file/extract-worker.ts',
    },
  },
  'venv-packer': {
    entries: { main: 'main.ts' },
    single: { examiner: 'check/examiner.ts' },
    quick: { quick: 'quick.ts' },
  },
}

const librarySource = (path) => join(import.meta.dirname, 'packages/squashfs-writer/src', path)
/** Small parts of the library that every command needs: these are in the command's own files. */
const alias = { 'squashfs-writer/system': librarySource('system.ts') }
const quickAlias = {
  ...alias,
  'squashfs-writer/read': librarySource('image-file/open-image.ts'),
  'squashfs-writer/paths': librarySource('paths.ts'),
}

for (const [name, { entries, single, quick = {} }] of Object.entries(packages)) {
  const directory = join(import.meta.dirname, 'packages', name)
  const common = {
    outdir: join(directory, 'dist'),
    bundle: true,
    alias,
    packages: 'external',
    platform: 'node',
    target: 'node20.19',
    sourcemap: 'external',
    logLevel: 'warning',
  }
  const points = (sources) =>
    Object.entries(sources).map(([out, source]) => ({ out, in: join(directory, 'src', source) }))
  await removeScripts(common.outdir)
  await build({
    ...common,
    entryPoints: points(entries),
    format: 'esm',
    splitting: true,
    // Beside the entries, so that what is found by `import.meta.url` is found from every file.
    chunkNames: '[name]-[hash]',
  })
  await build({ ...common, entryPoints: points(single), format: 'esm' })
  await build({
    ...common,
    entryPoints: points(quick),
    format: 'cjs',
    outExtension: { '.js': '.cjs' },
    alias: quickAlias,
    define: { 'import.meta.url': 'moduleUrl' },
    banner: { js: "const moduleUrl = require('node:url').pathToFileURL(__filename).href" },
  })
}

async function removeScripts(directory) {
  const files = await readdir(directory, { recursive: true })
  const scripts = files.filter((file) => /\.c?js(\.map)?$/.test(file))
  await Promise.all(scripts.map((file) => rm(join(directory, file))))
}
