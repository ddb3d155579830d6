import { execFileSync } from 'node:child_process'
import type { FoundEntry } from 'squashfs-writer'
import { describe, expect, it } from 'vitest'
import { batchesOf, bytecodePath, modulesAmong } from './modules.js'

const attributes = { mode: 0o644, uid: 0, gid: 0, mtime: 0, links: 1, inode: 1 }

const found = (
  path: string | Uint8Array,
  size = 0,
  type: 'file' | 'symlink' | 'directory' = 'file',
): Exclude<FoundEntry, { type: 'hardlink' }> => {
  if (type === 'directory') return { type, path, ...attributes }
  if (type === 'symlink') return { type, path, target: 'b', ...attributes }
  return { type, path, ...attributes, content: { size, open: async function* () {} } }
}

describe('a module', () => {
  it('is a file or a symlink with a name that ends with .py, outside of bin', async () => {
    const modules = await modulesAmong([
      found('lib/a.py'),
      found('lib/b.py', 0, 'symlink'),
      found('lib/c.py', 0, 'directory'),
      found('lib/d.pyc'),
      found('lib/é.py'),
      found(Uint8Array.of(0xff, 0x2e, 0x70, 0x79)),
      found('bin/rst2html.py'),
      found('lib/bin/e.py'),
    ])
    expect(modules.map(({ path }) => path)).toEqual([
      'lib/a.py',
      'lib/b.py',
      'lib/\xc3\xa9.py',
      '\xff.py',
      'lib/bin/e.py',
    ])
  })

  it('has its bytecode where Python looks for it', () => {
    const program = `
import importlib.util, json, sys
levels = ['', 1, 2]
print(json.dumps([sys.implementation.cache_tag] + [
    importlib.util.cache_from_source(path, optimization=level) for path in sys.argv[1:] for level in levels]))`
    const paths = ['a.py', 'a/b/c.py', 'a/b.c.py', 'a/.py.py', 'a/__init__.py']
    const answer = execFileSync('python3', ['-c', program, ...paths], { encoding: 'utf8' })
    const [tag, ...wanted] = JSON.parse(answer) as string[]
    const ours = paths.flatMap((path) => ([0, 1, 2] as const).map((level) => bytecodePath(path, tag!, level)))
    expect(ours).toEqual(wanted)
  })
})

describe('batches', () => {
  it('have each module once, large modules first and alone, small modules together', async () => {
    const sizes = [10, 500_000, 100_000, 20_000, 131_072, ...Array.from({ length: 200 }, () => 5)]
    const modules = await modulesAmong(sizes.map((size, n) => found(`${n}.py`, size)))
    const batches = batchesOf(modules)
    expect(batches.flat().length).toBe(modules.length)
    expect(new Set(batches.flat())).toEqual(new Set(modules))
    expect(batches.map((batch) => batch.map(({ size }) => size)).slice(0, 3)).toEqual([
      [500_000],
      [131_072],
      expect.arrayContaining([100_000, 20_000, 10]),
    ])
    for (const batch of batches) expect(batch.length).toBeLessThanOrEqual(64)
  })

  it('are none where there are no modules', () => {
    expect(batchesOf([])).toEqual([])
  })
})
