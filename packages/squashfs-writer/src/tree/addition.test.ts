import { describe, expect, it } from 'vitest'
import { EntryError } from '../errors.js'
import { InodeType } from '../format/inode.js'
import { mergeInto } from './addition.js'
import type { Entry } from './entry.js'
import { foundIn } from './found-entry.js'
import { type Attributes, attach, type DirectoryNode, directoryNode, fileNode, symlinkNode } from './node.js'

const CONTENT = { content: { kind: 'bytes', bytes: new Uint8Array(7) }, size: 7 } as const

const attributes = (more: Partial<Attributes> = {}): Attributes => ({
  ...{ mode: 0o755, uid: 1, gid: 2, mtime: 3, xattrs: null },
  ...more,
})

/** A tree as a scan would find it: `lib/a.py`, a second name of it, and a symlink; merged with these entries. */
function merged(...entries: readonly Entry[]) {
  const root = directoryNode(attributes())
  const lib = directoryNode(attributes({ mode: 0o2750, uid: 10, gid: 20, mtime: 30 }))
  attach(root, 'lib', lib)
  const file = fileNode(attributes({ mode: 0o644 }), 100, CONTENT.content)
  attach(lib, 'a.py', file)
  attach(root, 'a second name', file)
  attach(root, 'lib64', symlinkNode(attributes({ mode: 0o777 }), 'lib'))
  const merge = mergeInto(root, (_, raw) => ({
    ...raw,
    xattrs: raw.xattrs.length > 0 ? raw.xattrs : null,
  }))
  for (const entry of entries) merge(entry, entry.type === 'file' ? CONTENT : null)
  const find = (path: string) =>
    path
      .split('/')
      .reduce<DirectoryNode | undefined>((at, name) => at?.children.get(name) as DirectoryNode, root)
  return { root, lib, file, find }
}

const file = (path: string, more: Partial<Entry> = {}): Entry =>
  ({ type: 'file', path, content: '', ...more }) as Entry

const refusal = (...entries: readonly Entry[]): unknown => {
  try {
    merged(...entries)
  } catch (error) {
    return error
  }
  return null
}

describe('an addition', () => {
  it('is put beside what is there, and is like the directory that it is put in, as far as it does not say itself', () => {
    const { find, lib } = merged(file('lib/b.py'), file('lib/c.py', { uid: 5, mtime: 6, mode: 0o600 }))
    expect(find('lib/b.py')).toMatchObject({ mode: 0o644, uid: 10, gid: 20, mtime: 30, size: 7, links: 1 })
    expect(find('lib/c.py')).toMatchObject({ mode: 0o600, uid: 5, gid: 20, mtime: 6 })
    expect([...lib.children.keys()]).toEqual(['a.py', 'b.py', 'c.py'])
  })

  it('gets the directories that are missing on its way, each like the one above it', () => {
    const { find, lib } = merged(file('lib/x/__pycache__/y.pyc'))
    for (const path of ['lib/x', 'lib/x/__pycache__']) {
      expect(find(path)).toMatchObject({
        ...{ type: InodeType.DIRECTORY, mode: 0o2750, uid: 10, gid: 20, mtime: 30, xattrs: null },
        links: path === 'lib/x' ? 3 : 2,
      })
    }
    expect(lib.links).toBe(3)
  })

  it('takes the place of a file, whose other names stay', () => {
    const { find, file: old } = merged(file('lib/a.py', { mtime: 9 }))
    expect(find('lib/a.py')).toMatchObject({ size: 7, mtime: 9, links: 1 })
    expect(find('a second name')).toBe(old)
    expect(old.links).toBe(1)
  })

  it('takes the place of anything that is no directory, whatever it is itself', () => {
    const { find } = merged({ type: 'directory', path: 'lib64' }, file('lib64/z'))
    expect(find('lib64')).toMatchObject({ type: InodeType.DIRECTORY, mode: 0o755, uid: 1, gid: 2, mtime: 3 })
    expect(find('lib64/z')).toMatchObject({ size: 7 })
  })

  it('that is a directory which is there says anew what it says, and leaves the rest', () => {
    const { lib, root } = merged(
      { type: 'directory', path: 'lib', mtime: 99 },
      { type: 'directory', path: '.' },
    )
    expect(lib).toMatchObject({ mode: 0o2750, uid: 10, gid: 20, mtime: 99 })
    expect([...lib.children.keys()]).toEqual(['a.py'])
    expect(root).toMatchObject({ mode: 0o755, uid: 1, gid: 2, mtime: 3, links: 3 })
  })

  it('keeps the xattrs of a directory unless it has its own', () => {
    const root = directoryNode(attributes({ xattrs: [['user.a', Uint8Array.of(1)]] }))
    const merge = mergeInto(root, (_, raw) => ({ ...raw }))
    merge({ type: 'directory', path: '.', mtime: 4 }, null)
    expect(root).toMatchObject({ mtime: 4, xattrs: [['user.a', Uint8Array.of(1)]] })
    const other = directoryNode(attributes({ xattrs: [['user.a', Uint8Array.of(1)]] }))
    mergeInto(other, (_, raw) => ({ ...raw }))(
      { type: 'directory', path: '.', xattrs: { 'user.b': 'x' } },
      null,
    )
    expect(other.xattrs).toEqual([['user.b', new TextEncoder().encode('x')]])
  })

  it('may be a hard link to what was found', () => {
    const { find, file: old } = merged({ type: 'hardlink', path: 'third', target: 'lib/a.py' })
    expect(find('third')).toBe(old)
    expect(old.links).toBe(3)
  })

  it.each<[string, readonly Entry[], string]>([
    ['in the place of a directory', [file('lib')], 'lib: a directory is there, which a file cannot replace'],
    ['in the place of the root', [file('.')], '.: a directory is there'],
    ['below a file', [file('lib/a.py/b')], 'lib/a.py/b: a.py on the way is not a directory'],
    ['below a symlink to a directory', [file('lib64/b')], 'lib64/b: lib64 on the way is not a directory'],
    ['given twice', [file('lib/b'), file('lib/b')], 'lib/b: this path was given twice'],
    ['outside', [file('../b')], '"..'],
    ['at an absolute path', [file('/b')], 'a path is relative'],
  ])('is refused %s', (_, entries, message) => {
    const error = refusal(...entries)
    expect(error).toBeInstanceOf(EntryError)
    expect((error as Error).message).toContain(message)
  })
})

describe('the entries found', () => {
  it('come path by path, text where it is UTF-8, bytes where it is not', () => {
    const { root, lib } = merged()
    attach(lib, '\xc3\xa9.py', fileNode(attributes(), 5, CONTENT.content))
    attach(lib, '\xff.py', fileNode(attributes(), 6, CONTENT.content))
    const found = new Map([...foundIn(root)].map(({ path, ...rest }) => [path, rest]))
    expect(found.get('lib')).toEqual({
      type: 'directory',
      mode: 0o2750,
      uid: 10,
      gid: 20,
      mtime: 30,
      size: 0,
    })
    expect(found.get('lib/a.py')).toMatchObject({ type: 'file', size: 100 })
    expect(found.get('a second name')).toMatchObject({ type: 'file', size: 100 })
    expect(found.get('lib64')).toMatchObject({ type: 'symlink', size: 0 })
    expect(found.get('lib/é.py')).toMatchObject({ size: 5 })
    const bytes = [...found.keys()].filter((path) => typeof path !== 'string')
    expect(bytes).toEqual([new Uint8Array([...Buffer.from('lib/'), 0xff, ...Buffer.from('.py')])])
    expect(found.size).toBe(6)
  })
})
