/** Tests extended attributes of real files: which are packed, which are left out, and what is reported. */
import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  createTree,
  LUSTRE_XATTRS,
  type ModelNode,
  requireTools,
  rightsOf,
  run,
  survey,
  type TreeModel,
  withLustre,
  withMount,
  withTmpfs,
} from 'fixtures'
import { type ImageOptions, packDirectory, writeImage } from 'squashfs-writer'
import { describe, expect, it } from 'vitest'
import { packOverlaid } from './overlaid.js'

describe('ACLs', () => {
  it('set with setfacl are left out, and counted by name', async () => {
    await requireTools(['setfacl'])
    await withTmpfs(async (scratch) => {
      const source = join(scratch, 'source')
      await mkdir(join(source, 'directory'), { recursive: true })
      for (const name of ['a', 'b', 'directory/c']) await writeFile(join(source, name), name)
      await run('setfacl', [
        '-m',
        'u:1234:rwx',
        join(source, 'a'),
        join(source, 'b'),
        join(source, 'directory'),
      ])
      await run('setfacl', ['-d', '-m', 'g:1234:rx', join(source, 'directory')])

      const image = join(scratch, 'image.squashfs')
      const { droppedXattrs, warnings } = await packDirectory(source, image)
      expect(droppedXattrs).toEqual({ 'system.posix_acl_access': 3, 'system.posix_acl_default': 1 })
      expect(warnings).toEqual([])
      await withMount(image, async (mounted) => {
        const found = await survey(mounted)
        expect([...found.keys()].sort()).toEqual(['.', 'a', 'b', 'directory', 'directory/c'])
        expect([...found.values()].flatMap(({ xattrs }) => [...xattrs.keys()])).toEqual([])
      })
    })
  })

  it.each<[string, ImageOptions]>([
    ['xattrs are kept', {}],
    ['one thread reads', { threads: 1 }],
    ['four threads read', { threads: 4 }],
    ['xattrs are left out', { xattrs: 'none' }],
    ['ACLs are left out by name', { xattrs: { exclude: ['system.*'] } }],
  ])('that are left out do not give access to anyone whom they excluded, if %s', async (_, options) => {
    await requireTools(['setfacl'])
    await withTmpfs(async (scratch) => {
      const source = join(scratch, 'source')
      await mkdir(source)
      const acls: readonly (readonly [string, string, string])[] = [
        ['for another user', '600', 'u:1234:r'],
        ['for another user, but not the group', '700', 'u:1234:rx,g::-,m::rx'],
        ['with a mask that takes from the group', '750', 'g:1234:rwx,m::x'],
        ['against a user', '755', 'u:1234:-'],
        ['against a group', '755', 'g:1234:-'],
        ['for a group', '640', 'g:1234:r'],
      ]
      const paths: string[] = []
      for (const [name, mode, acl] of acls) {
        for (const kind of ['small file', 'large file', 'directory', 'fifo']) {
          const path = `${kind} ${name}`
          paths.push(path)
          await run(...makeCommand(kind, join(source, path)))
          await run('chown', ['50:60', join(source, path)])
          await run('chmod', [mode, join(source, path)])
          await run('setfacl', ['-m', acl, join(source, path)])
        }
      }
      const people = [
        { uid: 50, gid: 50 }, // the owner
        { uid: 70, gid: 60 }, // the group
        { uid: 1234, gid: 70 },
        { uid: 1234, gid: 60 },
        { uid: 70, gid: 1234 },
        { uid: 65_534, gid: 65_534 },
      ]
      const image = join(scratch, 'image.squashfs')
      const { droppedXattrs } = await packDirectory(source, image, options)
      expect(droppedXattrs).toEqual({ 'system.posix_acl_access': paths.length })
      const onDisk = await rightsOf(people, source, paths)
      const inImage = await withMount(image, (mounted) => rightsOf(people, mounted, paths))
      for (const [who, person] of people.entries()) {
        for (const [n, path] of paths.entries()) {
          const [before, after] = [onDisk[who]![n]!, inImage[who]![n]!]
          const more = [...after].filter((right) => !before.includes(right))
          expect([person, path, more]).toEqual([person, path, []])
        }
      }
      // The owner has all rights of before.
      expect(inImage[0]).toEqual(onDisk[0])
    })
  })
})

function makeCommand(kind: string, path: string): [string, string[]] {
  if (kind === 'directory') return ['mkdir', [path]]
  if (kind === 'fifo') return ['mkfifo', [path]]
  return ['truncate', ['-s', kind === 'small file' ? '10' : '3M', path]]
}

describe('Lustre', () => {
  it("'s own attributes are left out silently and counted, others are packed", async () => {
    await withTmpfs(async (scratch) => {
      const source = join(scratch, 'source')
      await mkdir(source)
      await createTree(smallTree(), source)
      const image = join(scratch, 'image.squashfs')
      const result = await withLustre(source, {}, ({ directory }) => packDirectory(directory, image))
      // The root, a file with two names, another file, a directory and a symlink.
      expect(result.inodes).toBe(5)
      expect(result.droppedXattrs).toEqual(Object.fromEntries(LUSTRE_XATTRS.map((name) => [name, 5])))
      expect(result.warnings).toEqual([])
      expect(result.omitted).toEqual([])
      expect(await xattrsOf(image)).toEqual(KEPT)
    })
  })

  it('gives the same image as the underlying disk', async () => {
    await withTmpfs(async (scratch) => {
      const source = join(scratch, 'source')
      await mkdir(source)
      await createTree(smallTree(), source)
      const [one, other] = [join(scratch, 'one.squashfs'), join(scratch, 'other.squashfs')]
      await withLustre(source, { delay: 1 }, ({ directory }) => packDirectory(directory, one))
      await packDirectory(source, other)
      await run('cmp', [one, other])
    })
  })

  it.each([
    'trusted.lmv',
    'trusted.dmv',
    'trusted.version',
    'lustre.anything',
    'system.nfs4_acl',
    'nfs.other',
  ])('%s is left out as well', async (name) => {
    await withTmpfs(async (scratch) => {
      const source = join(scratch, 'source')
      await mkdir(source)
      await writeFile(join(source, 'file'), '')
      const image = join(scratch, 'image.squashfs')
      const result = await withLustre(source, { xattrs: [name] }, ({ directory }) =>
        packDirectory(directory, image),
      )
      expect(result.droppedXattrs).toEqual({ [name]: 2 })
      expect(await xattrsOf(image)).toEqual({})
    })
  })

  it('has only the access ACL read if no attributes are wanted', async () => {
    await withTmpfs(async (scratch) => {
      const source = join(scratch, 'source')
      await mkdir(source)
      await createTree(smallTree(), source)
      const image = join(scratch, 'image.squashfs')
      const calls = await withLustre(source, {}, async (lustre) => {
        const { droppedXattrs } = await packDirectory(lustre.directory, image, { xattrs: 'none' })
        expect(droppedXattrs).toEqual({})
        return lustre.calls()
      })
      expect(calls.getattr).toBeGreaterThan(0)
      expect(calls.listxattr).toBeUndefined()
      // The root, the directory, and the three names of files.
      expect(calls.getxattr).toBeLessThanOrEqual(5)
      expect(await xattrsOf(image)).toEqual({})
    })
  })
})

describe('a symlink', () => {
  it('keeps its own attributes, and does not get those of its target', async () => {
    await withTmpfs(async (scratch) => {
      const source = join(scratch, 'source')
      await mkdir(source)
      await createTree(smallTree(), source)
      await symlink('file', join(source, 'bare'))
      const image = join(scratch, 'image.squashfs')
      await packDirectory(source, image)
      const found = await xattrsOf(image)
      expect(found.symlink).toEqual({ 'trusted.own': 'of the symlink' })
      expect(found.bare).toBeUndefined()
    })
  })
})

describe('a file', () => {
  const MIB = 1_048_576
  const files: Readonly<Record<string, number>> = {
    empty: 0,
    small: 1,
    'a buffer': MIB,
    'more than a buffer': MIB + 1,
    large: 3 * MIB,
    'with a hole': 10,
    'as large, with the same content': 3 * MIB,
  }

  it.each([1, 2, 4])(
    'keeps its attributes for any size, and as a duplicate (%i threads)',
    async (threads) => {
      await withTmpfs(async (scratch) => {
        const source = join(scratch, 'source')
        await mkdir(source)
        await createTree(treeOf(files), source)
        await run('truncate', ['-s', '5M', join(source, 'with a hole')])
        const image = join(scratch, 'image.squashfs')
        const { droppedXattrs } = await packDirectory(source, image, {
          threads,
          xattrs: { exclude: ['trusted.*'] },
        })
        expect(await xattrsOf(image)).toEqual(
          Object.fromEntries(Object.keys(files).map((name) => [name, { 'user.name': name }])),
        )
        expect(droppedXattrs).toEqual({ 'trusted.size': Object.keys(files).length })
      })
    },
  )

  it('of an entry has the attributes of the entry, not those of the file on disk', async () => {
    await withTmpfs(async (scratch) => {
      const source = join(scratch, 'source')
      await mkdir(source)
      await createTree(treeOf({ small: 10 }), source)
      const image = join(scratch, 'image.squashfs')
      await packOverlaid(source, image, [
        { type: 'file', path: 'added', content: { file: join(source, 'small') } },
      ])
      expect(Object.keys(await xattrsOf(image))).toEqual(['small'])
    })
  })
})

describe('rules', () => {
  const all = ['security.three', 'trusted.own', 'trusted.two', 'user.one', 'user.other']

  it.each<[string, NonNullable<ImageOptions['xattrs']>, readonly string[]]>([
    ['keep', 'keep', all],
    ['none', 'none', []],
    ['only user.*', { include: ['user.*'] }, ['user.one', 'user.other']],
    ['only two names', { include: ['user.one', 'trusted.two'] }, ['trusted.two', 'user.one']],
    ['drop trusted.*', { exclude: ['trusted.*'] }, ['security.three', 'user.one', 'user.other']],
    ['drop everything', { exclude: ['*'] }, []],
    ['only user.*, drop user.o*e', { include: ['user.*'], exclude: ['user.o*e'] }, ['user.other']],
  ])('%s', async (_, xattrs, kept) => {
    await withTmpfs(async (scratch) => {
      const source = join(scratch, 'source')
      await mkdir(source)
      await createTree(smallTree(), source)
      const image = join(scratch, 'image.squashfs')
      const { droppedXattrs } = await packDirectory(source, image, { xattrs })
      const found = Object.values(await xattrsOf(image)).flatMap((set) => Object.keys(set))
      expect([...new Set(found)].sort()).toEqual(kept)
      const dropped = xattrs === 'none' ? [] : all.filter((name) => !kept.includes(name))
      expect(Object.keys(droppedXattrs)).toEqual(dropped)
    })
  })

  it('match whole names, which may contain slashes and line breaks', async () => {
    await withTmpfs(async (scratch) => {
      const image = join(scratch, 'image.squashfs')
      const xattrs = { 'user.a/b': '1', 'user.a\nb': '2', 'trusted./user.x': '3', 'trusted.user.x': '4' }
      const entry = { type: 'file', path: 'file', content: '', xattrs } as const
      await writeImage([entry], image, { xattrs: { include: ['user.*'] } })
      expect(await xattrsOf(image)).toEqual({ file: { 'user.a/b': '1', 'user.a\nb': '2' } })
      await writeImage([entry], image, { xattrs: { exclude: ['user.*', 'b'] } })
      expect(await xattrsOf(image)).toEqual({ file: { 'trusted./user.x': '3', 'trusted.user.x': '4' } })
    })
  })

  it('apply to entries of the caller, too', async () => {
    await withTmpfs(async (scratch) => {
      const image = join(scratch, 'image.squashfs')
      const xattrs = {
        'user.a': 'a',
        'trusted.lov': 'b',
        'system.posix_acl_access': 'c',
        'security.d': 'd',
        nonsense: 'e',
      }
      const { droppedXattrs } = await writeImage(
        [{ type: 'file', path: 'file', content: '', xattrs }],
        image,
        {
          xattrs: { exclude: ['security.*'] },
        },
      )
      expect(droppedXattrs).toEqual({
        nonsense: 1,
        'security.d': 1,
        'system.posix_acl_access': 1,
        'trusted.lov': 1,
      })
      expect(await xattrsOf(image)).toEqual({ file: { 'user.a': 'a' } })
    })
  })
})

const KEPT = {
  file: { 'user.one': 'of the file', 'user.other': 'x', 'security.three': '' },
  'second name': { 'user.one': 'of the file', 'user.other': 'x', 'security.three': '' },
  directory: { 'trusted.two': 'of the directory' },
  symlink: { 'trusted.own': 'of the symlink' },
}

/** A file with two names, one without attributes, a directory and a symlink. */
function smallTree(): TreeModel {
  const attributes = (xattrs: Record<string, string> = {}) => ({
    mode: 0o755,
    uid: 0,
    gid: 0,
    mtime: 1_700_000_000,
    xattrs: new Map(
      Object.entries(xattrs).map(([name, value]) => [name, new Uint8Array(Buffer.from(value))]),
    ),
  })
  const content = { kind: 'text', seed: 1, size: 1000, unit: 4096 } as const
  return new Map<string, ModelNode>([
    ['.', { type: 'directory', ...attributes() }],
    ['file', { type: 'file', content, given: 'bytes', ...attributes(KEPT.file) }],
    ['plain', { type: 'file', content, given: 'bytes', ...attributes() }],
    ['second name', { type: 'hard-link', target: 'file' }],
    ['directory', { type: 'directory', ...attributes(KEPT.directory) }],
    ['symlink', { type: 'symlink', target: 'file', ...attributes(KEPT.symlink) }],
  ])
}

/** Files of some sizes. Those of one size have the same content. Each has two attributes of its own. */
function treeOf(sizes: Readonly<Record<string, number>>): TreeModel {
  const bytes = (text: string) => new Uint8Array(Buffer.from(text))
  const attributes = { mode: 0o644, uid: 0, gid: 0, mtime: 1_700_000_000 }
  return new Map<string, ModelNode>([
    ['.', { type: 'directory', ...attributes, mode: 0o755, xattrs: new Map() }],
    ...Object.entries(sizes).map(([name, size]): [string, ModelNode] => [
      name,
      {
        type: 'file',
        content: { kind: 'text', seed: 1, size, unit: 4096 },
        given: 'bytes',
        ...attributes,
        xattrs: new Map([
          ['user.name', bytes(name)],
          ['trusted.size', bytes(`${size}`)],
        ]),
      },
    ]),
  ])
}

/** The xattrs that the kernel shows, by path. Paths without xattrs are left out. */
async function xattrsOf(image: string): Promise<Record<string, Record<string, string>>> {
  return withMount(image, async (mounted) => {
    const found = [...(await survey(mounted))].filter(([, { xattrs }]) => xattrs.size > 0)
    return Object.fromEntries(
      found.map(([key, { xattrs }]) => [
        key,
        Object.fromEntries([...xattrs].map(([name, value]) => [name, Buffer.from(value).toString()])),
      ]),
    )
  })
}
