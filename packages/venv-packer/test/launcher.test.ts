/** Tests the launcher, which checks the version of Node and listens for signals before any module is loaded. */
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { smallVenv, withDirectory } from 'fixtures'
import { describe, expect, it } from 'vitest'
import { ended, fillWithNoise, slowly, start, venvPacker } from './command.js'

/** Runs the command after a script that simulates another machine or another Node. */
async function after(script: string, args: readonly string[], cwd: string, env = {}) {
  await writeFile(join(cwd, 'before.cjs'), script)
  return await venvPacker(args, {
    cwd,
    env: { NODE_OPTIONS: `--require=${join(cwd, 'before.cjs')}`, ...env },
  })
}

/** Opens the debugger before the launcher runs, like a SIGUSR1 while Node starts. */
const OPEN_DEBUGGER = `if (require('node:worker_threads').isMainThread) {
  process.kill(process.pid, 'SIGUSR1')
  while (require('node:inspector').url() === undefined) {}
}`

function isOpen(port: number): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => done(true)).once('error', () => done(false))
    socket.once('connect', () => socket.destroy())
  })
}

const coreCount = (cores: number): string => `require('node:os').availableParallelism = () => ${cores};`
const printThreads = `process.on('exit', () => process.stderr.write(
  String(require('node:fs').readdirSync('/proc/self/task').length)))`

describe('the launcher', () => {
  it('gives compression a thread for each core, or as many as UV_THREADPOOL_SIZE says', async () => {
    await withDirectory(async (cwd) => {
      await smallVenv(join(cwd, '.venv'))
      // The size of the thread pool does not change after its first use.
      const threads = async (cores: number, UV_THREADPOOL_SIZE: string): Promise<number> => {
        const script = coreCount(cores) + printThreads
        const { stderr } = await after(script, ['pack', '.venv', '-f', '--threads', '1'], cwd, {
          UV_THREADPOOL_SIZE,
        })
        return Number(stderr)
      }
      const four = await threads(4, '4')
      expect(await threads(4, '')).toBe(four)
      expect(await threads(1, '')).toBe(four - 3)
      expect(await threads(8, '')).toBe(four + 4)
      expect(await threads(8, '6')).toBe(four + 2)
    })
  })

  it('names the required version if Node is too old', async () => {
    await withDirectory(async (cwd) => {
      for (const version of ['8.17.0', '18.20.4', '20.18.3']) {
        const script = `Object.defineProperty(process.versions, 'node', { value: '${version}' })`
        const { code, stdout, stderr } = await after(script, ['--version'], cwd)
        expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
        expect(stderr).toMatch(
          new RegExp(`^venv-packer: this is Node ${version} .* too old\n {2}Run it with Node 20\\.19`),
        )
      }
    })
  })

  it('closes the debugger that a SIGUSR1 has opened while Node started', async () => {
    await withDirectory(async (cwd) => {
      await mkdir(join(cwd, 'data'))
      await fillWithNoise(join(cwd, 'data'), 40)
      await writeFile(join(cwd, 'before.cjs'), OPEN_DEBUGGER)
      const env = { NODE_OPTIONS: `--require=${join(cwd, 'before.cjs')} --inspect-port=0` }
      const child = start(['pack', 'data', ...slowly], { cwd, env })
      const end = ended(child)
      const line = await new Promise<string>((done) =>
        child.stderr?.once('data', (text) => done(String(text))),
      )
      const port = Number(/ws:\/\/127\.0\.0\.1:(\d+)\//.exec(line)?.[1])
      await expect.poll(() => isOpen(port), { timeout: 10_000 }).toBe(false)
      expect(child.exitCode).toBeNull()
      child.kill()
      expect(await end).toMatchObject({ code: 143 })
    })
  })

  it('uses only syntax that old versions of Node parse', async () => {
    const source = await readFile(new URL('../bin/venv-packer.cjs', import.meta.url), 'utf8')
    expect(source).not.toMatch(/\?\?|\?\.|\|\|=|&&=|\bawait\b/)
  })

  it('loads neither the library nor the parser of command lines for --help and --version', async () => {
    await withDirectory(async (cwd) => {
      const script = `process.on('exit', () => process.stderr.write(Object.keys(require.cache).join('\\n')))`
      for (const option of ['--help', '--version']) {
        const { stderr } = await after(script, [option], cwd)
        expect(stderr).toContain('venv-packer.cjs')
        expect(stderr).not.toMatch(/squashfs-writer|commander|koffi|zstd/)
      }
    })
  })
})
