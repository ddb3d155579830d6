// Turns each package's compiled sources into a few files. On a cluster every file that Node opens to start a program is a
// round trip to the file server, and a hundred modules are three hundred of them.
import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { build } from 'esbuild'

/** By package: where others enter it, by the name that it is loaded by; and what is loaded by several threads at once. */
const packages = {
  'squashfs-writer': {
    entries: {
      index: 'index.ts',
      paths: 'paths.ts',
      patterns: 'patterns.ts',
      'format/index': 'format/index.ts',
      'image-file/open-image': 'image-file/open-image.ts',
    },
    threads: {
      worker: 'source/workers/worker.ts',
      'extract-worker': 'image-file/extract-worker.ts',
    },
  },
  'venv-packer': { entries: { main: 'main.ts' }, threads: { peek: 'check/peek.ts' } },
}

for (const [name, { entries, threads }] of Object.entries(packages)) {
  const directory = join(import.meta.dirname, 'packages', name)
  const common = {
    outdir: join(directory, 'dist'),
    bundle: true,
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
  await build({ ...common, entryPoints: points(threads), format: 'esm' })
}

async function removeScripts(directory) {
  const files = await readdir(directory, { recursive: true })
  const scripts = files.filter((file) => /\.c?js(\.map)?$/.test(file))
  await Promise.all(scripts.map((file) => rm(join(directory, file))))
}
