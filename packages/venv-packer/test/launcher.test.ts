/** The launcher: checks the version of Node and keeps signals before the first module is loaded. */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { smallVenv, withDirectory } from 'fixtures'
import { describe, expect, it } from 'vitest'
import { venvPacker } from './command.js'

/** Runs the command with a script before it, which stands for another machine or another Node. */
async function after(script: string, args: readonly string[], cwd: string, env = {}) {
  await writeFile(join(cwd, 'before.cjs'), script)
  return await venvPacker(args, {
    cwd,
    env: { NODE_OPTIONS: `--require=${join(cwd, 'before.cjs')}`, ...env },
  })
}

const coreCount = (cores: number): string => `require('node:os').availableParallelism = () => ${cores};`
const printThreads = `process.on('exit', () => process.stderr.write(
  String(require('node:fs').readdirSync('/proc/self/task').length)))`

describe('the launcher', () => {
  it('gives compression a thread for each core, or as many as UV_THREADPOOL_SIZE says', async () => {
    await withDirectory(async (cwd) => {
      await smallVenv(join(cwd, '.venv'))
      // The thread pool is as it is from its first use to the end of the process.
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

  it('says which Node is needed when it is started with one that is too old', async () => {
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

  it('keeps to syntax that old versions of Node parse', async () => {
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
