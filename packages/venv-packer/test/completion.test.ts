/** Tests completion in real shells on a terminal, set up as the help says, with the tab key. */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { requireTools, withDirectory } from 'fixtures'
import { beforeAll, describe, expect, it } from 'vitest'
import type { CommandRow } from '../src/cli/table.js'
import { completionScript } from '../src/commands/completion/completion.js'
import { launcher } from './command.js'
import { onTerminal } from './terminal.js'

type Shell = 'bash' | 'zsh'

/** Each with one start-up file: as ~/.bashrc, and ~/.zshrc. */
const shells = {
  bash: { command: ['bash', '--rcfile', 'rc/.bashrc', '-i'], file: '.bashrc', before: '' },
  zsh: { command: ['zsh', '-d', '-i'], file: '.zshrc', before: 'autoload -Uz compinit; compinit -D -u' },
} as const

/** Types lines with tabs, and returns the arguments that the command receives, line by line. */
async function typed(
  shell: Shell,
  cwd: string,
  setUp: readonly string[],
  lines: readonly string[],
): Promise<readonly string[][]> {
  await requireTools([shell])
  const { command, file, before } = shells[shell]
  // The stub prints its arguments.
  const stub = `venv-packer() { printf got; printf '[%s]' "$@"; echo; }`
  await mkdir(join(cwd, 'rc'))
  await writeFile(join(cwd, 'rc', file), `${[before, ...setUp, stub, "PS1='ready> '"].join('\n')}\n`)
  const { written, pressed } = await onTerminal({
    command,
    cwd,
    env: { ZDOTDIR: join(cwd, 'rc') },
    columns: 200,
    press: [...lines, 'exit'].map((line) => ['ready> ', `${line}\r`]),
  })
  expect(pressed).toBe(true)
  const got = [...written.matchAll(/got((?:\[[^\]\n]*\])+)\r/g)]
  // On return, zsh removes the slash after a directory, and bash keeps it.
  return got.map(([, words = '']) => words.slice(1, -1).replaceAll('/]', ']').replace(/\/$/, '').split(']['))
}

const cases: readonly (readonly [what: string, keys: string, words: readonly string[]])[] = [
  ['a command', 'ro\t', ['rollback']],
  ['an option', 'pack --any\t', ['pack', '--any-directory']],
  ['a value out of a set', 'pack --compression g\t', ['pack', '--compression', 'gzip']],
  ['a value after an equals sign', 'pack --compression=z\t', ['pack', '--compression=zstd']],
  ['the directory of an environment', 'pack -f .v\t', ['pack', '-f', '.venv']],
  ['a directory with a blank in its name', 'pack my\t', ['pack', 'my env']],
  ['an image', 'rollback ./v\t', ['rollback', './venv.squashfs']],
  ['an image after an option', 'pack .venv -o v\t', ['pack', '.venv', '-o', 'venv.squashfs']],
  ['a shell', 'completion z\t', ['completion', 'zsh']],
  ['nothing where nothing is known', 'pack --level .v\t', ['pack', '--level', '.v']],
]

describe.each(['bash', 'zsh'] as const)('in %s the tab key completes', (shell) => {
  let results: readonly string[][]

  beforeAll(async () => {
    await withDirectory(async (cwd) => {
      for (const directory of ['.venv', 'my env']) await mkdir(join(cwd, directory))
      for (const file of ['venv.squashfs', 'venv.txt', '.vimrc', 'my file'])
        await writeFile(join(cwd, file), '')
      const setUp = [
        `venv-packer() { '${process.execPath}' '${launcher}' "$@"; }`,
        `source <(venv-packer completion ${shell})`,
      ]
      results = await typed(
        shell,
        cwd,
        setUp,
        cases.map(([, keys]) => `venv-packer ${keys}`),
      )
    })
  })

  it.each(cases.map(([what, , words], n) => [what, words, n] as const))('%s', (_, words, n) => {
    expect(results[n]).toEqual(words)
  })
})

it.each(['bash', 'zsh'] as const)('in %s the tab key also completes words after --', async (shell) => {
  await withDirectory(async (cwd) => {
    for (const file of ['venv.squashfs', 'script.py']) await writeFile(join(cwd, file), '')
    const start: CommandRow = {
      ...{ short: 'start', summary: '', usage: '[options] <image> -- <command> [arguments]', about: '' },
      operands: { image: { syntax: '<image>', called: 'the image' } },
      options: [
        {
          title: 'Options',
          rows: { at: { flags: '--at <directory>', help: '' }, dryRun: { flags: '--dry-run', help: '' } },
        },
      ],
      rest: 'command',
    }
    await writeFile(join(cwd, 'script'), completionScript(shell, { start }))
    const results = await typed(
      shell,
      cwd,
      ['source ./script', 'rm script'],
      ['venv-packer start --dry\tven\t-- sha512s\tsc\t', 'venv-packer start ven\t -- sha512sum scr\t'],
    )
    expect(results).toEqual([
      ['start', '--dry-run', 'venv.squashfs', '--', 'sha512sum', 'script.py'],
      ['start', 'venv.squashfs', '--', 'sha512sum', 'script.py'],
    ])
  })
})
