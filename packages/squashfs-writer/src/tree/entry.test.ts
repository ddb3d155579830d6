import { describe, expect, it } from 'vitest'
import { EntryError, LimitError } from '../errors.js'
import { InodeType } from '../format/inode.js'
import { addEntry, checkEntry, checkName, type Entry, pathParts, type RawAttributes } from './entry.js'
import { type DirectoryNode, directoryNode, type Node } from './node.js'

const NO_ATTRIBUTES = { mode: 0, uid: 0, gid: 0, mtime: 0, xattrs: null }

/** A tree of these entries, with rules that change nothing. */
function treeOf(entries: readonly Entry[]) {
  const root = directoryNode(NO_ATTRIBUTES)
  const asked: { path: string; raw: RawAttributes }[] = []
  const add = (entry: Entry) =>
    addEntry(
      root,
      entry,
      (path, raw) => {
        asked.push({ path, raw })
        return { ...raw, xattrs: raw.xattrs.length > 0 ? raw.xattrs : null }
      },
      entry.type === 'file' ? { content: { kind: 'bytes', bytes: new Uint8Array(7) }, size: 7 } : null,
    )
  for (const entry of entries) add(entry)
  const find = (path: string) => {
    let node: Node | undefined = root
    for (const part of path.split('/')) node = (node as DirectoryNode | undefined)?.children.get(part)
    return node
  }
  return { root, add, find, asked }
}

const file = (path: string | Uint8Array) => ({ type: 'file', path, content: 'content' }) as const
const directory = (path: string) => ({ type: 'directory', path }) as const
const link = (path: string, target: string | Uint8Array) => ({ type: 'hardlink', path, target }) as const
const symlink = (path: string, target: string | Uint8Array) => ({ type: 'symlink', path, target }) as const
const device = (major: number, minor: number) =>
  ({ type: 'character-device', path: 'device', major, minor }) as const

/** The error for an entry. */
function refusal(entry: Entry | object, before: readonly Entry[] = []): unknown {
  const { add } = treeOf(before)
  try {
    add(entry as Entry)
  } catch (error) {
    return error
  }
  return null
}

describe('an entry', () => {
  it('of each type becomes a node of its type', () => {
    const { find, root } = treeOf([
      file('file'),
      directory('directory'),
      symlink('symlink', '../else'),
      { type: 'block-device', path: 'block', major: 8, minor: 1 },
      { type: 'character-device', path: 'character', major: 4095, minor: 1_048_575 },
      { type: 'fifo', path: 'fifo' },
      { type: 'socket', path: 'socket' },
    ])
    expect(find('file')).toMatchObject({ type: InodeType.FILE, size: 7, links: 1, placement: null })
    expect(find('directory')).toMatchObject({ type: InodeType.DIRECTORY, links: 2, parent: root })
    expect(find('symlink')).toMatchObject({ type: InodeType.SYMLINK, target: '../else', links: 1 })
    expect(find('block')).toMatchObject({ type: InodeType.BLOCK_DEVICE, major: 8, minor: 1 })
    expect(find('character')).toMatchObject({
      type: InodeType.CHARACTER_DEVICE,
      major: 4095,
      minor: 1_048_575,
    })
    expect(find('fifo')).toMatchObject({ type: InodeType.FIFO, links: 1 })
    expect(find('socket')).toMatchObject({ type: InodeType.SOCKET, links: 1 })
    expect(root.children.size).toBe(7)
    expect(root.links).toBe(3)
  })

  it.each([
    [file('x'), 0o644],
    [directory('x'), 0o755],
    [directory('.'), 0o755],
    [symlink('x', 'y'), 0o777],
    [{ type: 'block-device', path: 'x', major: 0, minor: 0 }, 0o644],
    [device(0, 0), 0o644],
    [{ type: 'fifo', path: 'x' }, 0o644],
    [{ type: 'socket', path: 'x' }, 0o644],
  ] as const)('without attributes, %j, belongs to root and has mtime 0 and mode %d', (entry, mode) => {
    const raw = { mode, uid: 0, gid: 0, mtime: 0, xattrs: [] }
    expect(treeOf([entry]).asked).toEqual([{ path: entry.path, raw }])
  })

  it.each([file('x'), directory('x'), symlink('x', 'y'), device(1, 1), { type: 'fifo', path: 'x' } as const])(
    'keeps its attributes: $type',
    (entry) => {
      const said = { mode: 0o7777, uid: 0xffff_ffff, gid: 1, mtime: -1.5 }
      const { asked } = treeOf([
        { ...entry, ...said, xattrs: { 'user.é': 'ü', 'user.b': Uint8Array.of(0xff) } },
      ])
      const xattrs = [
        ['user.\xc3\xa9', new Uint8Array([0xc3, 0xbc])],
        ['user.b', Uint8Array.of(0xff)],
      ]
      expect(asked[0]?.raw).toEqual({ ...said, xattrs })
    },
  )

  it('may have a path as text or as bytes', () => {
    const { find, root } = treeOf([file('é/ü'), file(Uint8Array.of(0xff, 0x2f, 0x61))])
    expect([...root.children.keys()]).toEqual(['\xc3\xa9', '\xff'])
    expect(find('\xc3\xa9/\xc3\xbc')?.type).toBe(InodeType.FILE)
    expect(find('\xff/a')?.type).toBe(InodeType.FILE)
  })

  it('is passed to the rules with its path', () => {
    const { root } = treeOf([])
    addEntry(root, file('a'), (path) => ({ ...NO_ATTRIBUTES, mtime: path.length }), {
      content: { kind: 'bytes', bytes: new Uint8Array(0) },
      size: 0,
    })
    expect(root.children.get('a')?.mtime).toBe(1)
  })
})

describe('parent directories', () => {
  it('are created with mode 0755, owner root and mtime 0', () => {
    const { find, root, asked } = treeOf([file('a/b/c')])
    expect(find('a')).toMatchObject({ type: InodeType.DIRECTORY, mode: 0o755, uid: 0, gid: 0, mtime: 0 })
    expect(find('a/b')).toMatchObject({ type: InodeType.DIRECTORY, parent: find('a'), links: 2 })
    expect([root.links, find('a')?.links]).toEqual([3, 3])
    const raw = { mode: 0o755, uid: 0, gid: 0, mtime: 0, xattrs: [] }
    expect(asked.slice(0, 2)).toEqual([
      { path: 'a/b/c', raw },
      { path: 'a/b/c', raw },
    ])
  })

  it('may get their attributes later, and keep their children', () => {
    const { find, root } = treeOf([
      file('a/b/c'),
      { ...directory('a/b'), mode: 0o700, uid: 5, mtime: 9 },
      file('a/b/d'),
    ])
    expect(find('a/b')).toMatchObject({ mode: 0o700, uid: 5, gid: 0, mtime: 9, links: 2 })
    expect([...(find('a/b') as DirectoryNode).children.keys()]).toEqual(['c', 'd'])
    expect([root.links, find('a')?.links]).toEqual([3, 3])
  })

  it('may be given before', () => {
    const { find } = treeOf([{ ...directory('a'), mode: 0o700 }, file('a/b')])
    expect(find('a')).toMatchObject({ mode: 0o700 })
  })

  it('include the root, as "."', () => {
    const { root } = treeOf([
      file('a'),
      { ...directory('.'), mode: 0o1777, uid: 3, xattrs: { 'user.a': 'b' } },
    ])
    expect(root).toMatchObject({ mode: 0o1777, uid: 3, links: 2, parent: null })
    expect(root.xattrs?.map(([name]) => name)).toEqual(['user.a'])
    expect([...root.children.keys()]).toEqual(['a'])
  })

  it('must be directories', () => {
    expect(refusal(file('a/b/c'), [directory('a'), symlink('a/b', 'elsewhere')])).toEqual(
      new EntryError('a/b/c', 'b on the way is not a directory'),
    )
    expect(refusal(link('a/b', 'a'), [file('a')])).toEqual(
      new EntryError('a/b', 'a on the way is not a directory'),
    )
  })
})

describe('a hard link', () => {
  it('is another name of the same node', () => {
    const { find } = treeOf([file('a/b'), link('c', 'a/b'), link('a/d', 'c')])
    expect(find('c')).toBe(find('a/b'))
    expect(find('a/d')).toBe(find('a/b'))
    expect(find('c')?.links).toBe(3)
  })

  it('may refer to anything but a directory', () => {
    const { find } = treeOf([
      symlink('s', 'x'),
      link('s2', 's'),
      device(1, 1),
      link('d2', 'device'),
      { type: 'fifo', path: 'f' },
      link('f2', 'f'),
    ])
    expect(['s2', 'd2', 'f2'].map((path) => find(path)?.links)).toEqual([2, 2, 2])
  })

  it('may have its target as bytes', () => {
    const { find } = treeOf([file(Uint8Array.of(0xff)), link('a', Uint8Array.of(0xff))])
    expect(find('a')).toBe(find('\xff'))
  })

  it.each([
    ['nothing', 'b', 'hard link to b, which was not given before it'],
    ['itself', 'a', 'hard link to a, which was not given before it'],
    ['nothing, further down', 'directory/b', 'hard link to directory/b, which was not given before it'],
    ['below a file', 'file/b/c', 'hard link to file/b/c, which was not given before it'],
    ['a directory', 'directory', 'hard link to directory, which is a directory'],
    ['what has a name in bytes', '\xff', 'hard link to ÿ, which was not given before it'],
  ])('cannot refer to %s', (_, target, message) => {
    expect(refusal(link('a', target), [directory('directory'), file('file')])).toEqual(
      new EntryError('a', message),
    )
  })

  it.each(['.', '..', '', '/a', 'a/', 'a/./b', 'a\0b'])('cannot refer to the path %j', (target) => {
    expect(refusal(link('x', target), [file('a')])).toBeInstanceOf(EntryError)
  })
})

describe('a path', () => {
  it.each([
    ['a', ['a']],
    ['a/b/c', ['a', 'b', 'c']],
    ['...', ['...']],
    ['..a/.b', ['..a', '.b']],
    ['\xff/\n', ['\xff', '\n']],
    [' ', [' ']],
    ['\\', ['\\']],
  ])('%j has the parts %j', (path, parts) => {
    expect(pathParts(path)).toEqual(parts)
  })

  it.each([
    ['', '', 'a path is relative and has no empty parts'],
    ['/', '/', 'a path is relative and has no empty parts'],
    ['/a', '/a', 'a path is relative and has no empty parts'],
    ['a/', 'a/', 'a path is relative and has no empty parts'],
    ['a//b', 'a//b', 'a path is relative and has no empty parts'],
    ['..', '..', '".." cannot be part of a path'],
    ['./a', './a', '"." cannot be part of a path'],
    ['a/../b', 'a/../b', '".." cannot be part of a path'],
    ['a/.', 'a/.', '"." cannot be part of a path'],
    ['a\0b', 'a\\x00b', 'a name cannot contain NUL'],
  ])('%j is refused', (path, shown, message) => {
    expect(refusal(file(path))).toEqual(new EntryError(shown, message))
    expect(refusal(directory(path))).toEqual(new EntryError(shown, message))
  })

  it('may occur once', () => {
    const message = 'this path was given twice; give each path once'
    expect(refusal(file('a'), [file('a')])).toEqual(new EntryError('a', message))
    expect(refusal(file('a/b'), [symlink('a/b', 'c')])).toEqual(new EntryError('a/b', message))
    expect(refusal(file('a'), [directory('a')])).toEqual(new EntryError('a', message))
    expect(refusal(directory('a'), [file('a')])).toEqual(new EntryError('a', message))
    expect(refusal(link('a', 'b'), [file('b'), file('a')])).toEqual(new EntryError('a', message))
    expect(refusal(file('é'), [file(Uint8Array.of(0xc3, 0xa9))])).toEqual(new EntryError('é', message))
  })

  it('of the root must be a directory', () => {
    expect(refusal(file('.'))).toEqual(new EntryError('.', 'the root is a directory, not a file'))
    expect(refusal(symlink('.', 'a'))).toEqual(new EntryError('.', 'the root is a directory, not a symlink'))
    expect(refusal(link('.', 'a'), [file('a')])).toEqual(
      new EntryError('.', 'the root is a directory, not a hardlink'),
    )
  })
})

describe('a name', () => {
  it.each([1, 254, 255])('has up to 255 bytes: %d', (length) => {
    const name = 'n'.repeat(length)
    expect(treeOf([file(`a/${name}`)]).find(`a/${name}`)?.links).toBe(1)
    expect(treeOf([directory(name)]).find(name)?.links).toBe(2)
  })

  it('has not more, in bytes', () => {
    const message = 'a name of 256 bytes; Linux takes 255: shorten it or leave it out'
    const name = 'n'.repeat(256)
    expect(refusal(file(`a/${name}`))).toEqual(new LimitError(`a/${name}: ${message}`))
    expect(refusal(file(`${name}/a`))).toEqual(new LimitError(`${name}/a: ${message}`))
    const wide = 'é'.repeat(128)
    expect(refusal(directory(wide))).toEqual(new LimitError(`${wide}: ${message}`))
    expect(refusal(directory('é'.repeat(127)))).toBeNull()
  })

  it('can be checked separately for names on disk', () => {
    expect(() => checkName('...', 'a/...')).not.toThrow()
    expect(() => checkName('.', 'a/.')).toThrow(new EntryError('a/.', '"." cannot be part of a path'))
    expect(() => checkName('n'.repeat(256), 'n')).toThrow(LimitError)
  })
})

describe("a symlink's target", () => {
  it.each(['a', '/', '..', '../../a//b/', ' \n', 'x'.repeat(4094), 'x'.repeat(4095)])(
    'is kept unchanged',
    (target) => {
      expect(treeOf([symlink('s', target)]).find('s')).toMatchObject({ target })
    },
  )

  it('may be bytes', () => {
    expect(treeOf([symlink('s', Uint8Array.of(0xff))]).find('s')).toMatchObject({ target: '\xff' })
  })

  it.each(['', '\0', 'a\0b'])('cannot be %j', (target) => {
    expect(refusal(symlink('s', target))).toEqual(
      new EntryError('s', 'a symlink needs a target of at least one byte, without NUL'),
    )
  })

  it('has at most 4,095 bytes', () => {
    const limit = new LimitError('s: a symlink target of 4096 bytes; Linux takes 4095')
    expect(refusal(symlink('s', 'x'.repeat(4096)))).toEqual(limit)
    expect(refusal(symlink('s', 'é'.repeat(2048)))).toEqual(limit)
  })
})

describe('a number', () => {
  it.each([
    ['mode', 0o7777],
    ['uid', 0xffff_ffff],
    ['gid', 0xffff_ffff],
  ] as const)('%s is an integer from 0 to %d', (what, max) => {
    for (const good of [0, 1, max]) {
      expect(treeOf([{ ...file('a'), [what]: good }]).find('a')?.[what]).toBe(good)
    }
    for (const bad of [-1, max + 1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, '1', null]) {
      const message = `${what} is ${typeof bad === 'string' ? `'${bad}'` : bad}; it must be an integer from 0 to ${max}`
      const error = refusal({ ...file('a'), [what]: bad })
      if (bad === null) expect(error).toBeNull()
      else expect(error).toEqual(new EntryError('a', message))
    }
  })

  it('of a device: major to 4,095, minor to 1,048,575', () => {
    expect([device(0, 0), device(4095, 1_048_575)].map((entry) => refusal(entry))).toEqual([null, null])
    const major = (n: number) =>
      new EntryError('device', `major is ${n}; it must be an integer from 0 to 4095`)
    const minor = (n: number) =>
      new EntryError('device', `minor is ${n}; it must be an integer from 0 to 1048575`)
    expect(refusal(device(4096, 0))).toEqual(major(4096))
    expect(refusal(device(-1, 0))).toEqual(major(-1))
    expect(refusal(device(0.5, 0))).toEqual(major(0.5))
    expect(refusal(device(0, 1_048_576))).toEqual(minor(1_048_576))
    expect(refusal(device(0, -1))).toEqual(minor(-1))
    expect(refusal({ ...device(0, 0), type: 'block-device', minor: Number.NaN })).toEqual(minor(Number.NaN))
  })

  it('of seconds may be any, but must be one', () => {
    for (const mtime of [-1e9, 0, 0.5, 2 ** 40])
      expect(treeOf([{ ...file('a'), mtime }]).find('a')?.mtime).toBe(mtime)
    for (const mtime of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])
      expect(refusal({ ...file('a'), mtime })).toEqual(new EntryError('a', 'mtime is a number of seconds'))
  })

  it('is checked for given directories, too', () => {
    expect(refusal({ ...directory('a'), uid: -1 }, [file('a/b')])).toBeInstanceOf(EntryError)
    expect(refusal({ ...directory('.'), uid: -1 })).toBeInstanceOf(EntryError)
  })
})

describe("an xattr's name", () => {
  const entry = (name: string) => ({ ...file('a'), xattrs: { [name]: 'v' } })

  it('may have 255 bytes, and not one more', () => {
    const { add } = treeOf([entry(`user.${'n'.repeat(250)}`)])
    expect(() => add({ ...entry(`user.${'n'.repeat(251)}`), path: 'b' })).toThrow(LimitError)
    expect(() => add({ ...entry(`user.${'é'.repeat(126)}`), path: 'b' })).toThrow(LimitError)
  })

  it('has no NUL', () => {
    expect(() => treeOf([entry('user.a\0b')])).toThrow(EntryError)
  })
})

describe("an xattr's value", () => {
  it('has at most 65,536 bytes', () => {
    const entry = (value: Uint8Array | string) => ({ ...file('a'), xattrs: { 'user.x': value } })
    expect(refusal(entry(new Uint8Array(65_536)))).toBeNull()
    expect(refusal(entry('é'.repeat(32_768)))).toBeNull()
    const limit = (size: number) => new LimitError(`a: xattr user.x has ${size} bytes; Linux takes 65536`)
    expect(refusal(entry(new Uint8Array(65_537)))).toEqual(limit(65_537))
    expect(refusal(entry(`x${'é'.repeat(32_768)}`))).toEqual(limit(65_537))
  })
})

describe('a value that is not an entry', () => {
  const KNOWN =
    'it must be one of directory, file, symlink, block-device, character-device, fifo, socket, hardlink'

  it.each<[unknown, string, string]>([
    [null, 'entries[2]', 'null; an entry is an object with a type and a path'],
    ['a', 'entries[2]', "'a'; an entry is an object with a type and a path"],
    [{ type: 'file', content: '' }, 'entries[2]', 'its path is undefined; give text or bytes'],
    [{ type: 'file', path: 5, content: '' }, 'entries[2]', 'its path is 5; give text or bytes'],
    [{ type: 'file', path: 'a' }, 'a', 'a file entry needs content'],
    [{ type: 'file', path: 'a', content: null }, 'a', 'a file entry needs content'],
    [{ type: 'symlink', path: 'a' }, 'a', 'its target is undefined; give text or bytes'],
    [{ type: 'hardlink', path: 'a', target: {} }, 'a', 'its target is {  }; give text or bytes'],
    [{ type: 'Directory', path: 'a' }, 'a', `unknown type of entry: 'Directory'; ${KNOWN}`],
  ])('is reported by its path or index: %j', (given, place, message) => {
    expect(() => checkEntry(given, 'entries[2]')).toThrow(new EntryError(place, message))
  })

  it('is an xattr that is neither bytes nor text, and an invalid set of xattrs', () => {
    const xattrs = { 'user.a': 5 } as unknown as Record<string, string>
    expect(refusal({ type: 'fifo', path: 'a', xattrs })).toEqual(
      new EntryError('a', 'its xattr user.a is 5; it must be bytes or text'),
    )
    const text = 'user.a' as unknown as Record<string, string>
    expect(refusal({ type: 'fifo', path: 'a', xattrs: text })).toEqual(
      new EntryError('a', "its xattrs are 'user.a'; give an object, or pairs"),
    )
  })

  it('is reported with its type', () => {
    expect(refusal({ type: 'whiteout', path: 'a' })).toEqual(
      new EntryError('a', `unknown type of entry: 'whiteout'; ${KNOWN}`),
    )
    expect(refusal({ path: 'a' })).toEqual(new EntryError('a', `unknown type of entry: undefined; ${KNOWN}`))
  })

  it('is a file without content', () => {
    const { root } = treeOf([])
    const rules = () => NO_ATTRIBUTES
    expect(() => addEntry(root, file('a'), rules, null)).toThrow(
      new EntryError('a', 'a file entry needs content'),
    )
  })

  it('is refused with a code and the printable path', () => {
    const error = refusal(file(Uint8Array.of(0xff, 0x2f, 0x2f)))
    expect(error).toMatchObject({ name: 'EntryError', code: 'INVALID_ENTRY', path: '\\xff//' })
    expect(refusal(symlink('s', 'x'.repeat(4096)))).toMatchObject({
      name: 'LimitError',
      code: 'FORMAT_LIMIT',
    })
  })
})
