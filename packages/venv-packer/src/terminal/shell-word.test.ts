import { execFileSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { shellWord } from './shell-word.js'

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
    // biome-ignore lint/suspicious/noControlCharactersInRegex: that there are none is the point.
    expect(word).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202e]/)
  })
})
