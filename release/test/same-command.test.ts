/** Tests that the wheel, uvx and npx print the same as the command of a clone, and write the same bytes. */
import { mkdtemp, readFile, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { copyPublished, PLAIN_NPM, type RunResult, run, smallVenv } from 'fixtures'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { launcher } from '../../packages/venv-packer/test/command.js'
import { installByUv, nodeIn, type WithoutNode, withoutNode } from './without-node.js'

let scratch: string
let machine: WithoutNode
/** One Node for all, so that the same zstd compresses. */
let node: string

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'venv-packer-same-'))
  machine = await withoutNode(scratch)
  await installByUv(join(scratch, 'environment'), machine)
  node = await nodeIn(join(scratch, 'environment'))
  await symlink(node, join(scratch, 'node'))
  await copyPublished(join(scratch, 'npm'))
  await smallVenv(join(scratch, 'npm', '.venv'))
})

afterAll(() => rm(scratch, { recursive: true, force: true }))

type Say = (args: readonly string[]) => Promise<RunResult>

/** In the one directory in which npx finds the packages. */
const inDirectory = (command: string, args: readonly string[], env = {}): Promise<RunResult> =>
  run(command, args, { cwd: join(scratch, 'npm'), env, allow: [1, 2, 125] })

const clone: Say = (args) => inDirectory(node, [launcher, ...args])

/** What the clone says to what changes nothing is asked for once. */
const answers = new Map<string, Promise<RunResult>>()
const cloneAnswer: Say = (args) => {
  const key = JSON.stringify(args)
  const answer = answers.get(key) ?? clone(args)
  answers.set(key, answer)
  return answer
}

const ways: Readonly<Record<string, Say>> = {
  wheel: (args) => inDirectory(join(scratch, 'environment', 'bin', 'venv-packer'), args, machine.installers),
  uvx: (args) => inDirectory('uvx', ['--quiet', 'venv-packer', ...args], machine.installers),
  npx: (args) => {
    const PATH = [scratch, process.env.PATH].join(delimiter)
    const env = { ...PLAIN_NPM, PATH, npm_config_update_notifier: 'false', npm_config_loglevel: 'error' }
    return inDirectory('npx', ['--no', '--', 'venv-packer', ...args], env)
  },
}

describe.each(Object.entries(ways))('%s', (_, say) => {
  it('prints the same help, the same version and the same facts for a bug report', async () => {
    const { stdout } = await cloneAnswer(['--help'])
    const commands = [...stdout.toString().matchAll(/^ {2}([a-z]+) <[a-z]+>/gm)].map(
      ([, command]) => command!,
    )
    expect(commands).toContain('completion')
    for (const command of commands) {
      const { code, stdout } = await say([command, '--help'])
      expect([code, stdout.toString()]).toEqual([
        0,
        (await cloneAnswer([command, '--help'])).stdout.toString(),
      ])
      expect(stdout.toString()).toContain(`Usage: venv-packer ${command}`)
    }
    for (const args of [['--help'], ['--version'], ['--version', '--json']])
      expect(await say(args)).toEqual(await cloneAnswer(args))
    expect(JSON.parse((await say(['--version', '--json'])).stdout.toString())).toEqual({
      ok: true,
      command: 'version',
      version: expect.stringMatching(/^\d+\.\d+\.\d+$/),
      node: expect.stringMatching(/^24\./),
      zstd: { encoder: 'node', version: expect.any(String) },
      platform: `linux-${process.arch}`,
    })
  })

  it.each([
    [[]],
    [['pack', '.venv', '--forse']],
    [['pack', 'nothing']],
    [['pack', 'nothing', '--json']],
    [['pack', '.venv', '-o', 'no/such/directory.squashfs']],
    [['run', 'package.json', '--', 'python']],
    [['check', '.venv']],
  ])('says the same of %j', async (args) => {
    expect(await say(args)).toEqual(await cloneAnswer(args))
  })

  it('packs the same bytes, and says the same of them', async () => {
    expect(await packed(say)).toEqual(await packed(clone))
  })
})

/** What is said but for the time that it took, and the image as hexadecimal text, which a failing test can show. */
async function packed(say: Say): Promise<object> {
  const { stdout, ...rest } = await say(['pack', '.venv', '--compile', '-o', 'same.squashfs'])
  const image = join(scratch, 'npm', 'same.squashfs')
  const bytes = await readFile(image, 'hex')
  await rm(image)
  return { ...rest, words: stdout.toString().replace(/ in [\d.]+ m?s$/m, ''), bytes }
}
