import { execFileSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { printable, shellWord, wrapped } from './printable.js'

it('control characters are escaped, other characters are not', () => {
  expect(printable('a\nb\r\tc\u001b[2J\u007f\u009b1m')).toBe('a\\nb\\r\\tc\\x1b[2J\\x7f\\x9b1m')
  expect(printable('exe\u202etxt\u2028')).toBe('exe\\u202etxt\\u2028')
  expect(printable('naïve 漢字 😀 \\n')).toBe('naïve 漢字 😀 \\n')
})

describe('a word for the shell', () => {
  it('has no quotes where none are needed', () => {
    expect(shellWord('/scratch/user/.venv:/x,1+2@3')).toBe('/scratch/user/.venv:/x,1+2@3')
  })

  it.each([
    '/with space',
    "it's",
    '"quoted" $HOME `id` \\ * ? [a] {b} ; & | < > ( ) # ! ~',
    'line\nbreak',
    "tab\tand 'quote' and back\\slash",
    '\u001b[31mred\u0007',
    'é ü 漢字 😀',
    'right\u202eleft and \u009b1m',
    '-dash',
    '',
  ])('arrives unchanged in bash: %j', (text) => {
    const word = shellWord(text)
    expect(execFileSync('bash', ['-c', `printf %s ${word}`]).toString()).toBe(text)
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the test is that there are none.
    expect(word).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202e]/)
  })
})

it('text is wrapped between words, and a word that is too long gets its own line', () => {
  expect(wrapped('a bc def ghij', 5)).toEqual(['a bc', 'def', 'ghij'])
  expect(wrapped('see /a/very/long/path there', 10)).toEqual(['see', '/a/very/long/path', 'there'])
  expect(wrapped('all in one', Number.POSITIVE_INFINITY)).toEqual(['all in one'])
  expect(wrapped('', 10)).toEqual([''])
})
