#!/usr/bin/env node
// Starts venv-packer. This file does what must be done before any other module is loaded. It checks the version of Node, and therefore
// uses only syntax that old versions of Node parse. If Node has no zstd, it sets the size of libuv's thread pool, in which the
// bundled zstd runs, to one thread for each core: libuv reads the size once, at first use.
'use strict'

// Without a listener Node opens its debugger on SIGUSR1. Signals that come before `run` listens are collected for it.
const early = []
const collect = (signal) => early.push(signal)
process.on('SIGUSR1', collect)

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

// If the process ends before the work is done, it is a failure.
process.exitCode = 1

const argv = process.argv.slice(2)
const hasZstd = process.versions.zstd !== undefined

// Not for `run`: its command would inherit the variable.
if (!process.env.UV_THREADPOOL_SIZE && argv[0] !== 'run' && !hasZstd) {
  process.env.UV_THREADPOOL_SIZE = String(require('node:os').availableParallelism())
}

const earlySignals = {
  take: () => {
    process.off('SIGUSR1', collect)
    return early
  },
}

// quick.cjs cannot load the bundled zstd, which is a dependency of the library and not of this package.
const isQuick = hasZstd && /^(-.*|help|list)$/.test(argv[0] || '')

Promise.resolve()
  .then(() => (isQuick ? require('../dist/quick.cjs').runQuickly(argv) : null))
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
