import { readdirSync, readFileSync } from 'node:fs'
import { expect, it } from 'vitest'

const directory = new URL('.', import.meta.url)
const readme = readFileSync(new URL('../../../README.md', import.meta.url), 'utf8')
const table = readme.slice(readme.indexOf('### Findings'), readme.indexOf('## Exit codes'))

it('the README lists the code of every finding, with its severity', () => {
  const sources = readdirSync(directory).filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
  const codes = sources.flatMap((name) =>
    [...readFileSync(new URL(name, directory), 'utf8').matchAll(/code: '(\w+)'/g)].map(([, code]) => code),
  )
  expect(codes.length).toBeGreaterThan(40)
  expect(new Set(codes).size).toBe(codes.length)
  const listed = [...table.matchAll(/^\| `(\w+)` +\| (?:error|warning|note)/gm)].map(([, code]) => code)
  expect(listed.toSorted()).toEqual(codes.toSorted())
})
