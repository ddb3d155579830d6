// Turns each package's compiled sources into a few files. On a cluster every file that Node opens to start a program is a
// round trip to the file server, and a hundred modules are three hundred of them.
import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { build } from 'esbuild'

/**
 * By package: where others enter it, by the name that it is loaded by; and what runs in threads of its own. A thread is one
 * file of the older kind of module: thirty that start together load it in three quarters of the time.
 */
const packages = {
  'squashfs-writer': {
    entries: {
      index: 'index.ts',
      paths: 'paths.ts',
      'format/index': 'format/index.ts',
      'node/open-image': 'node/open-image.ts',
    },
    threads: { worker: 'node/worker.ts', 'node/extract-worker': 'node/extract-worker.ts' },
  },
  'venv-packer': { entries: { cli: 'cli.ts' }, threads: {} },
}

for (const [name, { entries, threads }] of Object.entries(packages)) {
  const folder = join(import.meta.dirname, 'packages', name)
  const common = {
    outdir: join(folder, 'dist'),
    bundle: true,
    packages: 'external',
    platform: 'node',
    target: 'node20.19',
    sourcemap: 'external',
    logLevel: 'warning',
  }
  const points = (sources) =>
    Object.entries(sources).map(([out, source]) => ({ out, in: join(folder, 'src', source) }))
  await removeScripts(common.outdir)
  await build({
    ...common,
    entryPoints: points(entries),
    format: 'esm',
    splitting: true,
    // Beside the entries, so that what is found by `import.meta.url` is found from every file.
    chunkNames: '[name]-[hash]',
  })
  await build({
    ...common,
    entryPoints: points(threads),
    format: 'cjs',
    outExtension: { '.js': '.cjs' },
  })
}

async function removeScripts(folder) {
  const files = await readdir(folder, { recursive: true })
  const scripts = files.filter((file) => /\.c?js(\.map)?$/.test(file))
  await Promise.all(scripts.map((file) => rm(join(folder, file))))
}
