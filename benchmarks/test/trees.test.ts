import { linkSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { randomBytes } from '../src/trees/random-bytes.js'
import { smallFilePath } from '../src/trees/small-files.js'
import { treeFacts } from '../src/trees/tree-facts.js'

let directory: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'tree-facts-'))
})
afterEach(() => rmSync(directory, { recursive: true }))

test('a tree is counted as an image counts it: hard links once, holes at their size', () => {
  mkdirSync(join(directory, 'sub'))
  writeFileSync(join(directory, 'sub/file'), 'hello')
  linkSync(join(directory, 'sub/file'), join(directory, 'link'))
  symlinkSync('nowhere', join(directory, 'symlink'))
  writeFileSync(join(directory, 'hole'), '')
  truncateSync(join(directory, 'hole'), 1000)
  expect(treeFacts(directory)).toEqual({ inodes: 5, files: 2, bytes: 1005 })
})

test('small files are spread over directories, and these over parts', () => {
  expect(smallFilePath(0, 10)).toBe('part-0/directory-0/file-0')
  expect(smallFilePath(99, 10)).toBe('part-0/directory-9/file-99')
  expect(smallFilePath(100, 10)).toBe('part-1/directory-10/file-100')
})

test('random bytes are the same for a seed and differ between seeds', () => {
  expect(randomBytes(7, 1000)).toEqual(randomBytes(7, 1000))
  const seen = new Set(Array.from({ length: 1000 }, (_, seed) => String(randomBytes(seed, 32))))
  expect(seen.size).toBe(1000)
})
