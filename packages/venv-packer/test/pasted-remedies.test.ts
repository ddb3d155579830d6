/** Tests that the line to paste of each failure fixes the problem. */
import { access, lstat, mkdir, mkdtemp, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { run, smallVenv } from 'fixtures'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { standIns, venvPacker } from './command.js'

let scratch: string

beforeEach(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'venv-packer-pasted-'))
  await smallVenv(join(scratch, '.venv'))
})

afterEach(() => rm(scratch, { recursive: true, force: true }))

/** Runs a command that fails, and returns the last line of its message. */
async function toPaste(...args: string[]): Promise<string> {
  const { code, stderr } = await venvPacker(args, { cwd: scratch })
  expect(code).not.toBe(0)
  const [, line = ''] = /\n {4}(\S.*)\n$/.exec(stderr) ?? []
  return line
}

async function paste(line: string): Promise<void> {
  const env = { PATH: [standIns, process.env.PATH].join(delimiter) }
  await run('bash', ['-euo', 'pipefail', '-c', line], { cwd: scratch, env })
}

const inScratch = (path: string): string => join(scratch, path)

it.each([
  ['an image that exists', [], 'venv-packer pack .venv --quiet --force'],
  ['an option that is spelt wrong', ['--compil'], 'venv-packer pack .venv --quiet --compile --force'],
])('%s', async (_, more, line) => {
  await writeFile(inScratch('venv.squashfs'), 'before')
  const [force, args] = more.length === 0 ? [[], []] : [['--force'], more]
  expect(await toPaste('pack', '.venv', '--quiet', ...args, ...force)).toBe(line)
  await paste(line)
  expect((await stat(inScratch('venv.squashfs'))).size).toBeGreaterThan(4000)
})

it('a missing directory for the image', async () => {
  await paste(await toPaste('pack', '.venv', '-o', 'new images/deep/a.squashfs', '-q'))
  await access(inScratch('new images/deep/a.squashfs'))
})

it('the directory of an image instead of its name', async () => {
  await mkdir(inScratch('images'))
  await paste(await toPaste('pack', '.venv', '-o', 'images', '-q'))
  await access(inScratch('images/venv.squashfs'))
})

it('an image inside of the packed directory', async () => {
  await paste(await toPaste('pack', '.venv', '-o', '.venv/a.squashfs', '-q'))
  await access(inScratch('a.squashfs'))
})

it('a missing path near an environment', async () => {
  const line = await toPaste('pack', 'vnev', '-o', 'a.squashfs', '-q')
  expect(line).toBe('venv-packer pack .venv -o a.squashfs -q')
  await paste(line)
  await access(inScratch('a.squashfs'))
})

it('a directory that is not an environment', async () => {
  await mkdir(inScratch('other/some data'), { recursive: true })
  await paste(await toPaste('pack', 'other/some data', '-q'))
  await access(inScratch('some data.squashfs'))
})

it('a dangling symlink instead of the image', async () => {
  await symlink('gone', inScratch('a.squashfs'))
  await paste(await toPaste('pack', '.venv', '-o', 'a.squashfs', '-q'))
  expect((await lstat(inScratch('a.squashfs'))).isFile()).toBe(true)
})

it('files that cannot be read', async () => {
  await run('setpriv', ['--version'])
  await writeFile(inScratch('.venv/secret'), 'x', { mode: 0o000 })
  const { stderr } = await venvPacker(['pack', '.venv', '-q'], { cwd: scratch, boundByPermissions: true })
  expect(stderr).toMatch(/\n {4}chmod -R u\+rX \.venv && venv-packer pack \.venv -q\n$/)
  await paste('chmod -R u+rX .venv && venv-packer pack .venv -q')
  await access(inScratch('venv.squashfs'))
})

it('files that exist already when an image is extracted', async () => {
  await paste('venv-packer pack .venv -q && mkdir -p out && echo old > out/pyvenv.cfg')
  await paste(await toPaste('extract', 'venv.squashfs', 'pyvenv.cfg', '-o', 'out'))
  expect((await stat(inScratch('out/pyvenv.cfg'))).size).toBeGreaterThan(10)
})

it('a mount point that does not exist any more', async () => {
  await paste('venv-packer pack .venv -q && mv .venv away')
  const line = await toPaste('run', 'venv.squashfs', '--', 'python', '-c', 'import smallpackage')
  expect(line).toBe(
    `mkdir -p ${inScratch('.venv')} && venv-packer run venv.squashfs -- python -c 'import smallpackage'`,
  )
  await paste(line)
})

it('a program that is not in the environment', async () => {
  await paste('venv-packer pack .venv -q')
  const line = await toPaste('run', 'venv.squashfs', '--', 'no-such-program')
  expect(line).toBe('venv-packer list venv.squashfs bin')
  await paste(line)
})

it('no kept image to go back to', async () => {
  await paste('venv-packer pack .venv -q')
  const line = await toPaste('rollback', 'venv.squashfs')
  await paste(line)
  await paste('venv-packer rollback venv.squashfs')
})
