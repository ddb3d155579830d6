import { expect, it } from 'vitest'
import { parseCommandLine } from './parse.js'
import { plainImageCommand } from './plain-image-command.js'

it.each([
  'list a.squashfs',
  'list -R a.squashfs lib',
  'list a.squashfs lib --recursive --json --debug',
  'cat a.squashfs lib/file',
  'cat --debug a.squashfs /',
  'extract a.squashfs',
  'extract a.squashfs -o out',
  'extract --output out a.squashfs lib bin -f --no-xattrs -q',
  'extract a.squashfs --json --force -o out --quiet --debug',
  'verify a.squashfs -q',
  'verify --json a.squashfs',
  'info a.squashfs',
  'info --json --debug a.squashfs',
])('%s is parsed like Commander parses it', (line) => {
  const words = line.split(' ')
  expect(plainImageCommand(words)).toEqual(parseCommandLine(words))
})

it.each([
  'list',
  'list a b c',
  'list --help',
  'list a -RR',
  'list -- a',
  'list a --recursive=yes',
  'cat a',
  'cat a b c',
  'cat a b --json',
  'extract a -o',
  'extract a -oout',
  'extract a --output=out',
  'extract a -o --force',
  'verify a b',
  'info',
  'pack a',
  '',
])('"%s" is left to Commander', (line) => {
  expect(plainImageCommand(line.split(' '))).toBeUndefined()
})

it('an empty path is left to Commander, which refuses it', () => {
  expect(plainImageCommand(['list', ''])).toBeUndefined()
  expect(plainImageCommand(['extract', 'a', '-o', ''])).toBeUndefined()
})
