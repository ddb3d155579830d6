/** Runs the commands in the READMEs. Those that need a package index are only parsed. */
import { readFileSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { run, smallVenv } from 'fixtures'
import { afterAll, beforeAll, expect, it } from 'vitest'
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
/** What `scratch` holds at first: an environment, and with it images of it. */
let templates: string

beforeAll(async () => {
  const directory = await mkdtemp(join(tmpdir(), 'venv-packer-readme-'))
  scratch = join(directory, 'scratch')
  templates = join(directory, 'templates')
  await mkdir(templates)
  await mkdir(join(scratch, 'data'), { recursive: true })
  await smallVenv(join(scratch, '.venv'))
  await writeFile(join(scratch, 'train.py'), 'import smallpackage\n')
  await copy(scratch, join(templates, 'unpacked'))
  await type('venv-packer pack .venv -q && venv-packer pack .venv -q --keep 2')
  await copy(scratch, join(templates, 'packed'))
})

afterAll(() => rm(dirname(scratch), { recursive: true, force: true }))

async function copy(from: string, to: string): Promise<void> {
  await run('cp', ['--archive', '--no-target-directory', from, to])
}

async function type(line: string): Promise<void> {
  const env = { PATH: [standIns, process.env.PATH].join(delimiter), SCRATCH: scratch }
  await run('bash', ['-euo', 'pipefail', '-c', line], { cwd: scratch, env })
}

it.each(lines.filter(isRun))('%s', async (line) => {
  const needsImages = !line.startsWith('venv-packer pack ') || /--keep|--force|-f\b/.test(line)
  await rm(scratch, { recursive: true })
  await copy(join(templates, needsImages ? 'packed' : 'unpacked'), scratch)
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
