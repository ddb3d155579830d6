import { expect, it } from 'vitest'
import { Failure } from '../failure.js'
import { failureLines } from './failure-report.js'

it('a failure is three lines: the fault with its path, the remedy, and a line to paste', () => {
  const lines = failureLines(new Failure('IMAGE_EXISTS', 'a\u001b[2Jb exists already', 'Add --force.'), [
    'pack',
    'a',
  ])
  expect(lines).toBe(
    'venv-packer: a\\x1b[2Jb exists already\n  Add --force.\n    venv-packer pack a --force\n',
  )
})

it('the first ten of many paths are listed, and the number of the others', () => {
  const paths = Array.from({ length: 1012 }, (_, n) => ({
    path: `lib/${n}\n`,
    code: 'EACCES',
    message: 'closed',
  }))
  const lines = failureLines(new Failure('UNREADABLE', '1012 paths', 'Read them.', { paths }), [
    'pack',
    'a',
  ]).split('\n')
  expect(lines).toHaveLength(15)
  expect(lines[10]).toBe('  lib/9\\n: closed')
  expect(lines[11]).toBe('  and 1,002 more; --json lists them all')
})
