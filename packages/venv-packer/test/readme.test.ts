/** Runs the commands in the READMEs. Those that need a package index are only parsed. */
import { readFileSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { run, smallVenv } from 'fixtures'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { parseCommandLine } from '../src/cli/parse.js'
import { standIns } from './command.js'

/** The commands of venv-packer in shell blocks, and commands of other tools for its images. */
const found = ['README.md', 'packages/venv-packer/README.md'].flatMap((path) => {
  const text = readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8')
  return [...text.matchAll(/^```sh\n([\s\S]*?)^```$/gm)]
    .flatMap(([, block = '']) => block.split('\n'))
    .filter((line) => /^(?:uvx |npx |srun )?venv-packer |^(?:uenv|squashfs-mount) /.test(line))
    .map((line) => line.replace(/ {2,}# .*$| +# .*$/, '').replace(/^(?:uvx|npx) /, ''))
})
const lines = [...new Set(found)]
const isRun = (line: string): boolean => !line.startsWith('venv-packer create ')

let scratch: string

beforeEach(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'venv-packer-readme-'))
  await smallVenv(join(scratch, '.venv'))
  await mkdir(join(scratch, 'data'))
  await writeFile(join(scratch, 'train.py'), 'import smallpackage\n')
})

afterEach(() => rm(scratch, { recursive: true, force: true }))

async function type(line: string): Promise<void> {
  const env = { PATH: [standIns, process.env.PATH].join(delimiter), SCRATCH: scratch }
  await run('bash', ['-euo', 'pipefail', '-c', line], { cwd: scratch, env })
}

it.each(lines.filter(isRun))('%s', async (line) => {
  if (!line.startsWith('venv-packer pack ') || /--keep|--force|-f\b/.test(line))
    await type('venv-packer pack .venv -q && venv-packer pack .venv -q --keep 2')
  const [python = ''] = await readdir(join(scratch, '.venv', 'lib'))
  await type(
    line
      .replaceAll('/scratch/me', scratch)
      .replaceAll('python3.12', python)
      .replace(/\bpytest$/, 'python -V'),
  )
})

it.each(lines.filter((line) => !isRun(line)))('%s', (line) => {
  expect(parseCommandLine(line.split(' ').slice(1))).toMatchObject({ command: 'create' })
})
