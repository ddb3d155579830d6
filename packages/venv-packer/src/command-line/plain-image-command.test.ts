import { expect, it } from 'vitest'
import { plainImageInvocation } from './plain-image-command.js'
import { readCommandLine } from './program.js'

it.each([
  'list a.squashfs',
  'list -R a.squashfs lib',
  'list a.squashfs lib --recursive --json --debug',
  'cat a.squashfs lib/file',
  'cat --debug a.squashfs /',
  'extract a.squashfs -o out',
  'extract --output out a.squashfs lib bin -f --no-xattrs -q',
  'extract a.squashfs --json --force -o out --quiet --debug',
  'verify a.squashfs -q',
  'verify --json a.squashfs',
  'info a.squashfs',
  'info --json --debug a.squashfs',
])('%s is what Commander makes of it', (line) => {
  const words = line.split(' ')
  expect(plainImageInvocation(words)).toEqual(readCommandLine(words))
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
  'extract a',
  'extract a -o',
  'extract a -oout',
  'extract a --output=out',
  'extract a -o --force',
  'verify a b',
  'info',
  'pack a',
  '',
])('"%s" is left to Commander', (line) => {
  expect(plainImageInvocation(line.split(' '))).toBeUndefined()
})

it('an empty path is left to Commander, which refuses it', () => {
  expect(plainImageInvocation(['list', ''])).toBeUndefined()
  expect(plainImageInvocation(['extract', 'a', '-o', ''])).toBeUndefined()
})
