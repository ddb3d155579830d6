#!/usr/bin/env node
// Starts venv-packer. What must happen before any other module is loaded happens here: the Node version is judged
// (so this file keeps to syntax that old Nodes parse), and where Node has no zstd of its own, libuv's thread pool, where the
// bundled one works, gets a thread for each core. It reads its size once, at first use.
'use strict'

// Node opens its debugger on a port at SIGUSR1, unless someone listens. What comes before run listens is kept for it.
const early = []
const keep = (signal) => early.push(signal)
process.on('SIGUSR1', keep)

const version = process.versions.node.split('.').map(Number)
if (version[0] < 20 || (version[0] === 20 && version[1] < 19)) {
  process.stderr.write(
    'venv-packer: this is Node ' +
      process.versions.node +
      ' (' +
      process.execPath +
      '), which is too old\n' +
      '  Run it with Node 20.19 or later (nodejs.org, or the Node module of your cluster), or by uv, which brings one:\n' +
      '    uvx venv-packer --help\n',
  )
  process.exit(1)
}

// Until run says otherwise: should the process ever end before the work has, that is no success.
process.exitCode = 1

const argv = process.argv.slice(2)
const hasZstd = process.versions.zstd !== undefined

// Not for run: its command would get the setting, too.
if (!process.env.UV_THREADPOOL_SIZE && argv[0] !== 'run' && !hasZstd) {
  process.env.UV_THREADPOOL_SIZE = String(require('node:os').availableParallelism())
}

const earlySignals = {
  take: () => {
    process.off('SIGUSR1', keep)
    return early
  },
}

// The bundled zstd is a dependency of the library, and is found from there only.
const isQuick = hasZstd && /^(-.*|help|list)$/.test(argv[0] || '')

Promise.resolve()
  .then(() => (isQuick ? require('../dist/quick.cjs').quickly(argv) : null))
  .then((exitCode) =>
    exitCode === null ? import('../dist/main.js').then((cli) => cli.main(argv, earlySignals)) : exitCode,
  )
  .then(
    (exitCode) => {
      process.exitCode = exitCode
    },
    (error) => {
      process.stderr.write(
        `venv-packer: it does not start, its installation is incomplete: ${error.message}\n` +
          '  Install it again, with npm or with uv:\n' +
          '    npm install --global venv-packer || uv tool install --reinstall venv-packer\n',
      )
      process.exitCode = 1
    },
  )
