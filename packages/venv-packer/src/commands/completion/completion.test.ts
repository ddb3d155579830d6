import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { requireTools, run, withDirectory } from 'fixtures'
import { describe, expect, it } from 'vitest'
import type { CommandRow } from '../../cli/table.js'
import { completionScript } from './completion.js'

/** Commands that use all optional fields together. */
const table: Readonly<Record<string, CommandRow>> = {
  start: {
    ...{ short: 'start', usage: '<image> -- <command> [arguments]', about: '', rest: 'command' },
    summary: 'starts what\'s "there" [now]: a $HOME `command`',
    operands: { image: { syntax: '<image>', called: 'the image' } },
    options: [
      {
        title: 'Options',
        rows: {
          at: { flags: '--at <mount-point>', help: "where it's mounted (default: anywhere at all)" },
          set: { flags: '-e, --set <name>', repeatable: true, help: 'sets; unsets' },
        },
      },
    ],
  },
  fetch: {
    ...{ short: 'fetch', summary: '', usage: '<what...>', about: '' },
    operands: { what: { syntax: '<what...>', called: 'what is fetched' } },
    options: [{ title: 'Options', rows: { dryRun: { flags: '--dry-run', help: '' } } }],
  },
}

/** The words that bash offers for the last of `words`, in a directory with one file and one directory. */
async function offered(...words: readonly string[]): Promise<readonly string[]> {
  return await withDirectory(async (cwd) => {
    await mkdir(join(cwd, 'some-directory'))
    await writeFile(join(cwd, 'some-file'), '')
    return await offeredIn(cwd, words)
  })
}

async function offeredIn(cwd: string, words: readonly string[]): Promise<readonly string[]> {
  await requireTools(['bash'])
  const code = `${completionScript('bash', table)}
    COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
    _venv_packer
    printf '%s\\n' "\${COMPREPLY[@]}"`
  const { stdout, stderr } = await run('bash', ['-c', code, 'bash', 'venv-packer', ...words], { cwd })
  expect(stderr).toBe('')
  return stdout
    .toString()
    .split('\n')
    .filter((line) => line !== '')
}

describe('bash offers', () => {
  it('every command and option of the table, and no other', async () => {
    expect(await offered('')).toEqual(['start', 'fetch', '-V', '--version', '-h', '--help'])
    expect(await offered('start', '-')).toEqual(['--at', '-e', '--set', '-V', '--version', '-h', '--help'])
    expect(await offered('start', 'x', '--s')).toEqual(['--set'])
    expect(await offered('fetch', '--')).toEqual(['--dry-run', '--version', '--help'])
    expect(await offered('stop', '-')).toEqual([])
  })

  it('directories for a mount point, also after an equals sign', async () => {
    expect(await offered('start', '--at', 'so')).toEqual(['some-directory'])
    expect(await offered('start', '--at', '=', 'so')).toEqual(['some-directory'])
    expect(await offered('start', '--at', '=')).toEqual(['some-directory'])
  })

  it('nothing for a value that may be any text', async () => {
    expect(await offered('start', '-e', '')).toEqual([])
    expect(await offered('fetch', 'a', 'b', '')).toEqual([])
  })

  it('all files if there are no images', async () => {
    expect(await offered('start', 'some-fi')).toEqual(['some-file'])
  })

  it('commands and files after --, for any number of words', async () => {
    expect(await offered('start', '-e', 'a', 'image', '--', 'print')).toContain('printf')
    expect(await offered('start', 'image', '--', 'cat', 'some-fi')).toEqual(['some-file'])
    expect(await offered('start', 'image', '--', 'ls', '-')).not.toContain('--at')
  })
})

it('zsh shows the help without details', async () => {
  await requireTools(['zsh'])
  const script = completionScript('zsh', table)
  expect(script).toContain(`'(--at)--at=[where it'\\''s mounted]:mount-point:_directories'`)
  expect(script).toContain(`'*'{-e+,--set=}'[sets]:name: '`)
  expect(script).toContain(`'start:starts what'\\''s "there" [now]: a $HOME \`command\`'`)
  expect(script).toContain(`'*:::command:{`)
  await run('zsh', ['-n'], { input: script })
})
