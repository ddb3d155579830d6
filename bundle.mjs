// Turns each package's compiled sources into a few files. On a cluster every file that Node opens to start a program is a
// round trip to the file server, and a hundred modules are three hundred of them.
import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { build } from 'esbuild'

/** By package: where others enter it, and what runs in threads of its own, by the name that it is loaded by. */
const packages = {
  'squashfs-writer': {
    index: 'index.ts',
    paths: 'paths.ts',
    worker: 'node/worker.ts',
    'format/index': 'format/index.ts',
    'node/open-image': 'node/open-image.ts',
  },
  'venv-packer': {
    cli: 'cli.ts',
  },
}

for (const [name, entries] of Object.entries(packages)) {
  const folder = join(import.meta.dirname, 'packages', name)
  await removeScripts(join(folder, 'dist'))
  await build({
    entryPoints: Object.entries(entries).map(([out, source]) => ({ out, in: join(folder, 'src', source) })),
    outdir: join(folder, 'dist'),
    bundle: true,
    splitting: true,
    packages: 'external',
    format: 'esm',
    platform: 'node',
    target: 'node20.19',
    // Beside the entries, so that what is found by `import.meta.url` is found from every file.
    chunkNames: '[name]-[hash]',
    sourcemap: 'external',
    logLevel: 'warning',
  })
}

async function removeScripts(folder) {
  const files = await readdir(folder, { recursive: true })
  const scripts = files.filter((file) => /\.js(\.map)?$/.test(file))
  await Promise.all(scripts.map((file) => rm(join(folder, file))))
}
