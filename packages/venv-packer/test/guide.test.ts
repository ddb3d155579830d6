/** Tests docs/guide.md: runs every command in it, in order, in a shell. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, delimiter, dirname, isAbsolute, join } from 'node:path'
import {
  findUv,
  mountTraces,
  NO_TRACES,
  pathWithoutNode,
  type RunResult,
  requireTools,
  run,
  wheelDirectory,
} from 'fixtures'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { standIns, venvPacker } from './command.js'
import { comparable, fences, guide, steps } from './guide.js'

const typed = steps.map(({ text }) => text).join('')

describe('the commands of the guide run', () => {
  let scratch: string
  let env: Readonly<Record<string, string | undefined>>

  beforeAll(async () => {
    await requireTools(['bash', 'mksquashfs', 'unsquashfs', 'squashfuse', 'fusermount3', 'mount', 'unshare'])
    scratch = await mkdtemp(join(tmpdir(), 'venv-packer-guide-'))
    await mkdir(join(scratch, 'demo'))
    await writeFile(join(scratch, 'bash-env'), 'set -e -o pipefail\n')
    const uv = await findUv()
    env = {
      // The only venv-packer is the one that the guide installs, and the only Node is its own.
      PATH: [
        join(scratch, 'bin'),
        standIns,
        ...(isAbsolute(uv) ? [dirname(uv)] : []),
        await pathWithoutNode(scratch),
      ].join(delimiter),
      SCRATCH: scratch,
      // The guide uses this name for a directory in memory.
      USER: basename(scratch),
      // Every bash reads this: shells in a mount and in a job also stop at the first command that fails.
      BASH_ENV: join(scratch, 'bash-env'),
      PIP_DISABLE_PIP_VERSION_CHECK: '1',
      UV_TOOL_BIN_DIR: join(scratch, 'bin'),
      UV_TOOL_DIR: join(scratch, 'tools'),
      UV_FIND_LINKS: await wheelDirectory(),
      // A separate cache, so that no venv-packer of an earlier run is used.
      UV_CACHE_DIR: join(scratch, 'uv-cache'),
      UV_PYTHON_DOWNLOADS: 'never',
      UV_PYTHON_PREFERENCE: 'only-system',
      VIRTUAL_ENV: undefined,
    }
  })

  afterAll(async () => {
    await rm(scratch, { recursive: true, force: true })
    await rm(join('/dev/shm', `${basename(scratch)}-demo`), { recursive: true, force: true })
  })

  /** Types on standard input: lines after a command that opens a shell are read by that shell, like on a terminal. */
  async function type(text: string): Promise<RunResult> {
    const STAND_IN_FORM = text.includes('squashfs-mount --sqfs=') ? 'option' : undefined
    return await run('bash', ['-eu'], {
      input: text,
      cwd: join(scratch, 'demo'),
      env: { ...env, STAND_IN_FORM },
    })
  }

  it.each(steps.filter(({ needsCreate }) => !needsCreate))(
    'line $line: $text',
    async ({ text, output }) => {
      const { stdout } = await type(text)
      if (output === undefined) return
      const printed = comparable(stdout.toString().replaceAll(scratch, '/scratch/me'))
      const expected = comparable(output)
      expect(printed.filter((line) => expected.includes(line))).toEqual(expected)
    },
    300_000,
  )

  it('by the venv-packer that the guide installs', async () => {
    const { stdout } = await type('command -v venv-packer')
    expect(stdout.toString()).toBe(`${join(scratch, 'bin', 'venv-packer')}\n`)
  })

  it('and leave no mounts and no files in memory', async () => {
    await expect.poll(() => mountTraces(scratch), { timeout: 10_000 }).toEqual(NO_TRACES)
    await expect(type('ls -A /dev/shm/$USER-demo/')).rejects.toThrow('No such file')
  })
})

it('every command is in a block that is run', () => {
  expect(fences.filter(({ language }) => language !== 'sh' && language !== 'text')).toEqual([])
  expect(guide.match(/^\s*(```|~~~)/gm)).toHaveLength(2 * fences.length)
  const programs =
    'venv-packer|uv|uvx|uenv|squashfs-mount|sbatch|srun|singularity|mksquashfs|unsquashfs|squashfuse|mount'
  const inText = [...guide.matchAll(new RegExp(`\`((?:${programs}) [^\`]+)\``, 'g'))].map(
    ({ 1: code }) => code,
  )
  for (const code of inText) expect(typed).toContain(code)
})

it('a block is marked as waiting for venv-packer create only if there is no such command', async () => {
  const { stdout } = await venvPacker(['--help'])
  const thereIsCreate = stdout.includes('\n  create ')
  for (const { text, needsCreate } of steps) {
    expect(needsCreate).toBe(!thereIsCreate && text.startsWith('venv-packer create '))
  }
})

it('every command that the help names is in the guide', async () => {
  const { stdout } = await venvPacker(['--help'])
  const [, list = ''] = /^Commands:\n((?: {2}.*\n)+)/m.exec(stdout) ?? []
  const commands = [...list.matchAll(/^ {2}(\S+) /gm)].map(({ 1: name }) => name)
  expect(commands).toContain('pack')
  for (const name of commands) expect(typed).toContain(`venv-packer ${name} `)
})
