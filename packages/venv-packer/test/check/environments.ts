/** Makes real environments for tests of the check, with uv and venv, and with small wheels installed. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DEBIAN_PYTHON, findUv, run, withDirectory } from 'fixtures'
import { type Surroundings, venvPacker } from '../command.js'

/** Where packages are installed in an environment; the version is that of the Python that made it. */
export async function sitePackages(venv: string): Promise<string> {
  const question = 'import sysconfig; print(sysconfig.get_path("purelib"))'
  const { stdout } = await run(join(venv, 'bin', 'python'), ['-c', question])
  return stdout.toString().trim()
}

export interface Wheel {
  readonly name: string
  readonly version?: string
  /** By path in site-packages. */
  readonly files: Readonly<Record<string, string>>
  /** A command in `bin`, as `module:function`. */
  readonly command?: readonly [name: string, calls: string]
}

/** A typical package with modules, data and a command. */
export const greeter: Wheel = {
  name: 'greeter',
  files: {
    'greeter/__init__.py': 'def main():\n    print("hello")\n',
    'greeter/words.py': 'WORDS = ["good", "day"]\n',
    'greeter/table.csv': 'name,value\n'.repeat(500),
  },
  command: ['greet', 'greeter:main'],
}

/** Makes a relocatable environment with uv and Debian's Python, and installs wheels with bytecode. */
export async function makeFineVenv(venv: string, wheels: readonly Wheel[] = [greeter]): Promise<void> {
  await run(await findUv(), ['venv', '--quiet', '--relocatable', '--python', DEBIAN_PYTHON, venv])
  for (const wheel of wheels) await installWheel(venv, wheel)
}

/** Installs a wheel with uv. */
export async function installWheel(venv: string, wheel: Wheel, ...options: readonly string[]): Promise<void> {
  await withDirectory(async (directory) => {
    const file = await buildWheel(directory, wheel)
    const usual = options.length > 0 ? options : ['--compile-bytecode', '--link-mode', 'copy', '--no-cache']
    const python = ['--python', join(venv, 'bin', 'python')]
    await run(await findUv(), ['pip', 'install', '--quiet', '--offline', ...usual, ...python, file])
  })
}

/** Writes a wheel into a directory, and returns its path. */
export async function buildWheel(directory: string, wheel: Wheel): Promise<string> {
  const version = wheel.version ?? '1.0'
  const path = join(directory, `${wheel.name}-${version}-py3-none-any.whl`)
  await run('python3', ['-c', makeWheel, path], { input: JSON.stringify({ ...wheel, version }) })
  return path
}

const makeWheel = `
import json, sys, zipfile
wheel = json.load(sys.stdin)
info = f"{wheel['name']}-{wheel['version']}.dist-info/"
with zipfile.ZipFile(sys.argv[1], 'w') as archive:
    for path, text in wheel['files'].items():
        archive.writestr(path, text)
    archive.writestr(info + 'METADATA', f"Metadata-Version: 2.1\\nName: {wheel['name']}\\nVersion: {wheel['version']}\\n")
    archive.writestr(info + 'WHEEL', 'Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n')
    if 'command' in wheel:
        name, calls = wheel['command']
        archive.writestr(info + 'entry_points.txt', f'[console_scripts]\\n{name} = {calls}\\n')
    archive.writestr(info + 'RECORD', ''.join(f'{name},,\\n' for name in [*archive.namelist(), info + 'RECORD']))
`

/** A template that is made once for a test file, and copied for each test. */
export interface Template {
  /** Calls a function with a new copy, `.venv` in its own directory. */
  readonly copied: (use: (venv: string, directory: string) => Promise<void>) => Promise<void>
  readonly remove: () => Promise<void>
}

export async function fineTemplate(wheels?: readonly Wheel[]): Promise<Template> {
  const home = await mkdtemp(join(tmpdir(), 'venv-packer-template-'))
  const original = join(home, '.venv')
  await makeFineVenv(original, wheels)
  return {
    copied: (use) =>
      withDirectory(async (directory) => {
        const venv = join(directory, '.venv')
        await run('cp', ['--archive', original, venv])
        await use(venv, directory)
      }),
    remove: () => rm(home, { recursive: true, force: true }),
  }
}

export interface FoundPlace {
  readonly path: string
  readonly detail: string | null
}

export interface Found {
  readonly code: string
  readonly severity: 'error' | 'warning' | 'note'
  readonly message: string
  readonly effect: string
  readonly remedy: string
  readonly count: number
  readonly places: readonly FoundPlace[]
  readonly size: { readonly inodes: number; readonly bytes: number; readonly share: number } | null
}

export interface Checked {
  readonly exitCode: number | string | null
  /** `warning BYTECODE_MISSING`, one for each finding. */
  readonly found: readonly string[]
  /** Returns a finding that must exist. */
  readonly of: (code: string) => Found
  /** The whole JSON object. */
  readonly json: Record<string, unknown>
}

/** Runs `venv-packer check --json`. */
export async function checked(
  venv: string,
  options: readonly string[] = [],
  surroundings?: Surroundings,
): Promise<Checked> {
  const {
    code: exitCode,
    stdout,
    stderr,
  } = await venvPacker(['check', venv, '--json', ...options], surroundings)
  if (stderr !== '') throw new Error(stderr)
  const json = JSON.parse(stdout) as Record<string, unknown>
  const findings = (json.findings ?? []) as readonly Found[]
  return {
    exitCode,
    json,
    found: findings.map(({ severity, code }) => `${severity} ${code}`),
    of: (code) => {
      const finding = findings.find((one) => one.code === code)
      if (!finding) throw new Error(`no ${code} among ${findings.map((one) => one.code).join(', ')}`)
      return finding
    },
  }
}

/** The findings of every environment of an installed Python. */
export const always = ['note INTERPRETER_OUTSIDE']
