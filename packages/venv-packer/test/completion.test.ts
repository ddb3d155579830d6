/** Completion: in real shells on a terminal, set up as the help says, with the tab key. */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { requireTools, withFolder } from 'fixtures'
import { beforeAll, describe, expect, it } from 'vitest'
import { launcher } from './command.js'
import { onTerminal } from './terminal.js'

type Shell = 'bash' | 'zsh'

/** Each with one start-up file: as ~/.bashrc, and ~/.zshrc. */
const shells = {
  bash: { command: ['bash', '--rcfile', 'rc/.bashrc', '-i'], file: '.bashrc', before: '' },
  zsh: { command: ['zsh', '-d', '-i'], file: '.zshrc', before: 'autoload -Uz compinit; compinit -D -u' },
} as const

/** Types lines with tabs in them, and gives the arguments that the command then gets, line by line. */
async function typed(shell: Shell, cwd: string, lines: readonly string[]): Promise<readonly string[][]> {
  await requireTools([shell])
  const { command, file, before } = shells[shell]
  const startUp = [
    before,
    `venv-packer() { '${process.execPath}' '${launcher}' "$@"; }`,
    `source <(venv-packer completion ${shell})`,
    // From now on it only tells what it gets.
    `venv-packer() { printf got; printf '[%s]' "$@"; echo; }`,
    "PS1='ready> '",
  ]
  await mkdir(join(cwd, 'rc'))
  await writeFile(join(cwd, 'rc', file), `${startUp.join('\n')}\n`)
  const { written, pressed } = await onTerminal({
    command,
    cwd,
    env: { ZDOTDIR: join(cwd, 'rc') },
    columns: 200,
    press: [...lines, 'exit'].map((line) => ['ready> ', `${line}\r`]),
  })
  expect(pressed).toBe(true)
  const got = [...written.matchAll(/got((?:\[[^\]\n]*\])+)\r/g)]
  // The slash after a folder goes away with the return key in zsh, and stays in bash.
  return got.map(([, words = '']) => words.slice(1, -1).replaceAll('/]', ']').replace(/\/$/, '').split(']['))
}

const cases: readonly (readonly [what: string, keys: string, words: readonly string[]])[] = [
  ['a command', 'ro\t', ['rollback']],
  ['an option', 'pack --any\t', ['pack', '--any-directory']],
  ['a value out of a set', 'pack --compression g\t', ['pack', '--compression', 'gzip']],
  ['a value after an equals sign', 'pack --compression=z\t', ['pack', '--compression=zstd']],
  ['the folder of an environment', 'pack -f .v\t', ['pack', '-f', '.venv']],
  ['a folder with a blank in its name', 'pack my\t', ['pack', 'my env']],
  ['an image', 'rollback ./v\t', ['rollback', './venv.squashfs']],
  ['an image after an option', 'pack .venv -o v\t', ['pack', '.venv', '-o', 'venv.squashfs']],
  ['a shell', 'completion z\t', ['completion', 'zsh']],
  ['nothing where nothing is known', 'pack --level .v\t', ['pack', '--level', '.v']],
]

describe.each(['bash', 'zsh'] as const)('in %s the tab key completes', (shell) => {
  let results: readonly string[][]

  beforeAll(async () => {
    await withFolder(async (cwd) => {
      for (const folder of ['.venv', 'my env']) await mkdir(join(cwd, folder))
      for (const file of ['venv.squashfs', 'venv.txt', '.vimrc', 'my file'])
        await writeFile(join(cwd, file), '')
      results = await typed(
        shell,
        cwd,
        cases.map(([, keys]) => `venv-packer ${keys}`),
      )
    })
  })

  it.each(cases.map(([what, , words], n) => [what, words, n] as const))('%s', (_, words, n) => {
    expect(results[n]).toEqual(words)
  })
})
