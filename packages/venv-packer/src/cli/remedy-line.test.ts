/** Tests that the last line of every failure message can be pasted. The codes are those that the README lists. */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { Failure } from '../failure.js'
import { parseCommandLine } from './parse.js'
import { remedyLine } from './remedy-line.js'

const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8')
const [, table = ''] =
  /\n\| code +\| when +\|\n([\s\S]*?)\n\n/.exec(readme.slice(readme.indexOf('"exitCode"'))) ?? []
const codes = [...new Set([...table.matchAll(/`([A-Z_]+)`/g)].map(([, code]) => code!))]

const commandLines = [
  ['pack', '.venv', '-o', 'my images/a.squashfs', '--compile', '--encoder=bundled'],
  ['create', '-o', 'a.squashfs', 'numpy', '--', '--index-url', 'https://example.org/simple'],
  ['run', '--at', '/mnt/a', 'a.squashfs', '--', 'python', '-c', "print('it is')"],
  ['extract', 'a.squashfs', 'bin', '-o', 'out'],
  ['rollback', 'a.squashfs'],
  ['check', '.venv'],
]

const answers = new Map<string, string>()

/** The output of bash. It is started once for each command line, because many failures end with the same one. */
function bash(...args: string[]): string {
  const key = JSON.stringify(args)
  const answer = answers.get(key) ?? execFileSync('bash', args, { encoding: 'utf8' })
  answers.set(key, answer)
  return answer
}

/** Splits a line into words like a shell. */
function wordsOf(line: string): string[] {
  return bash('-c', `printf '%s\\0' ${line}`).split('\0').slice(0, -1)
}

it('the README lists the codes', () => {
  expect(codes).toEqual(
    expect.arrayContaining(['USAGE', 'DESTINATION', 'MOUNT_POINT', 'NO_MOUNT_POINT', 'UNEXPECTED']),
  )
})

/** The commands that a code occurs in, where these are not all. */
const arisesIn: Readonly<Record<string, readonly string[]>> = {
  IMAGE_EXISTS: ['pack', 'create'],
  WORK_DIRECTORY: ['create'],
  DESTINATION: ['pack', 'create', 'rollback'],
  NO_MOUNT_POINT: ['run'],
  NOT_MOUNTED: ['run'],
}

const systemCodes = [undefined, 'ENOENT', 'ENOSPC', 'EACCES', 'EIO', 'EMFILE', 'EFBIG', 'EDQUOT']

describe.each(codes)('%s', (code) => {
  it.each(commandLines.filter(([command]) => arisesIn[code]?.includes(command!) ?? true))(
    'after venv-packer %s',
    (...argv) => {
      const path = "/scratch/it's here/a.squashfs"
      const lines = systemCodes.map((systemCode) =>
        remedyLine(new Failure(code, 'it is so', 'Do this.', { path, systemCode }), argv),
      )
      for (const line of new Set(lines)) {
        bash('-n', '-c', line)
        expect(line).not.toMatch(/\n|\b(IMAGE|FOLDER|DIRECTORY|VENV|PATH|FILE|COMMAND|PREFIX)\b|\.\.\.|…/)
        const ours = /(?<=^|&& |=\S+ )venv-packer (.*)$/.exec(line)?.[1]
        if (ours !== undefined) expect(() => parseCommandLine(wordsOf(ours))).not.toThrow()
      }
    },
  )
})

it.each([
  [
    ['pack', '.venv', '--forse'],
    "unknown option '--forse'",
    'Did you mean --force?',
    'venv-packer pack .venv --force',
  ],
  [['pak', 'a b'], "unknown command 'pak'", 'Did you mean pack?', "venv-packer pack 'a b'"],
  [['.venv'], "unknown command '.venv'", 'Write venv-packer pack .venv.', 'venv-packer pack .venv'],
  [['diff', 'a'], "missing required argument 'new'", 'See it.', 'venv-packer diff --help'],
  [['.x', 'a'], "unknown command '.x'", 'See it.', 'venv-packer --help'],
])('the line has the right word instead of the wrong one: %j', (argv, message, remedy, line) => {
  expect(remedyLine(new Failure('USAGE', message, remedy), argv)).toBe(line)
})

it('options are added before the command that is run, and replace options of the same name', () => {
  const failure = new Failure('NO_MOUNT_POINT', 'no', 'Do.', { fix: { options: ['--at', '/b'] } })
  const argv = ['run', '--at', '/a', 'i.squashfs', '--', 'python', '--at', '/a']
  expect(remedyLine(failure, argv)).toBe('venv-packer run i.squashfs --at /b -- python --at /a')
  const short = new Failure('X', 'no', 'Do.', { fix: { options: ['--output', 'b'] } })
  expect(remedyLine(short, ['pack', '.venv', '-o', 'a', '-f'])).toBe('venv-packer pack .venv -f --output b')
})
