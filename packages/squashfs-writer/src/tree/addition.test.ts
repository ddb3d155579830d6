import { describe, expect, it } from 'vitest'
import { EntryError } from '../errors.js'
import { InodeType } from '../format/inode.js'
import { mergeInto } from './addition.js'
import type { Entry } from './entry.js'
import { type Attributes, attach, type DirectoryNode, directoryNode, fileNode, symlinkNode } from './node.js'

const CONTENT = { content: { kind: 'bytes', bytes: new Uint8Array(7) }, size: 7 } as const

const attributes = (more: Partial<Attributes> = {}): Attributes => ({
  ...{ mode: 0o755, uid: 1, gid: 2, mtime: 3, xattrs: null },
  ...more,
})

/** A tree like that of a scan (`lib/a.py`, a second name of it, and a symlink), merged with these entries. */
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
  it('is added to its directory, and gets the attributes of the directory that it does not have itself', () => {
    const { find, lib } = merged(file('lib/b.py'), file('lib/c.py', { uid: 5, mtime: 6, mode: 0o600 }))
    expect(find('lib/b.py')).toMatchObject({ mode: 0o644, uid: 10, gid: 20, mtime: 30, size: 7, links: 1 })
    expect(find('lib/c.py')).toMatchObject({ mode: 0o600, uid: 5, gid: 20, mtime: 6 })
    expect([...lib.children.keys()]).toEqual(['a.py', 'b.py', 'c.py'])
  })

  it('creates missing parent directories, each with the attributes of its own parent', () => {
    const { find, lib } = merged(file('lib/x/__pycache__/y.pyc'))
    for (const path of ['lib/x', 'lib/x/__pycache__']) {
      expect(find(path)).toMatchObject({
        ...{ type: InodeType.DIRECTORY, mode: 0o2750, uid: 10, gid: 20, mtime: 30, xattrs: null },
        links: path === 'lib/x' ? 3 : 2,
      })
    }
    expect(lib.links).toBe(3)
  })

  it('replaces a file, whose other names stay', () => {
    const { find, file: old } = merged(file('lib/a.py', { mtime: 9 }))
    expect(find('lib/a.py')).toMatchObject({ size: 7, mtime: 9, links: 1 })
    expect(find('a second name')).toBe(old)
    expect(old.links).toBe(1)
  })

  it('of any type replaces anything but a directory', () => {
    const { find } = merged({ type: 'directory', path: 'lib64' }, file('lib64/z'))
    expect(find('lib64')).toMatchObject({ type: InodeType.DIRECTORY, mode: 0o755, uid: 1, gid: 2, mtime: 3 })
    expect(find('lib64/z')).toMatchObject({ size: 7 })
  })

  it('for an existing directory sets the given attributes, and keeps the others', () => {
    const { lib, root } = merged(
      { type: 'directory', path: 'lib', mtime: 99 },
      { type: 'directory', path: '.' },
    )
    expect(lib).toMatchObject({ mode: 0o2750, uid: 10, gid: 20, mtime: 99 })
    expect([...lib.children.keys()]).toEqual(['a.py'])
    expect(root).toMatchObject({ mode: 0o755, uid: 1, gid: 2, mtime: 3, links: 3 })
  })

  it('keeps the xattrs of a directory unless it has xattrs itself', () => {
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

  it('may be a hard link to an existing file', () => {
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
