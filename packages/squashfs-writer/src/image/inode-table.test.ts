import { deflateSync, inflateSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Codec, uncompressed } from '../codec/codec.js'
import { InodeType } from '../format/inode.js'
import { fromBytes } from '../tree/byte-string.js'
import {
  type Attributes,
  attach,
  type DirectoryNode,
  deviceNode,
  directoryNode,
  fileNode,
  ipcNode,
  type Node,
  symlinkNode,
} from '../tree/node.js'
import { inodeOrder } from '../tree/order.js'
import type { Placement } from '../tree/placement.js'
import { encoderOf } from './encode-block.js'
import { createIdTable } from './id-table.js'
import { encodeInodeTables } from './inode-table.js'
import { createXattrTable } from './xattr-table.js'

const NONE = 0xffff_ffff
const deflating: Codec = { name: 'deflate', id: 1, compress: (bytes) => deflateSync(bytes) }

function attributes(changes: Partial<Attributes> = {}): Attributes {
  return { mode: 0o644, uid: 1000, gid: 100, mtime: 1_700_000_000, xattrs: null, ...changes }
}

const BYTES = { kind: 'bytes', bytes: new Uint8Array(0) } as const

function file(size: number, placement: Placement | null, changes?: Partial<Attributes>) {
  return Object.assign(fileNode(attributes(changes), size, BYTES), { placement })
}

const socket = () => ipcNode(InodeType.SOCKET, attributes())

function directory(children: Readonly<Record<string, Node>>, changes?: Partial<Attributes>): DirectoryNode {
  const node = directoryNode(attributes({ mode: 0o755, ...changes }))
  for (const [name, child] of Object.entries(children)) attach(node, name, child)
  return node
}

async function tablesOf(root: DirectoryNode, codec: Codec = deflating, stored = false) {
  const order = inodeOrder(root)
  const ids = createIdTable()
  const xattrs = createXattrTable()
  const tables = await encodeInodeTables(order, encoderOf(codec), stored, ids, xattrs)
  const owners = [...ids.records()].map((record) => Buffer.from(record).readUInt32LE())
  return {
    ...tables,
    nodes: [...order.leaves, ...order.levels.flat()],
    xattrs,
    reader: createReader(tables, owners),
  }
}

/** The content of a table, and the start of each block in it. */
function open(blocks: readonly Uint8Array[]) {
  const places = new Map<number, number>()
  let start = 0
  const contents = blocks.map((block, n) => {
    const bytes = Buffer.from(block)
    expect(bytes.readUInt16LE(0) & 0x7fff).toBe(bytes.length - 2)
    places.set(start, 8192 * n)
    start += bytes.length
    return bytes.readUInt16LE(0) & 0x8000 ? bytes.subarray(2) : inflateSync(bytes.subarray(2))
  })
  places.set(start, 8192 * blocks.length)
  const content = Buffer.concat(contents)
  const placeOf = (block: number, offset: number) => places.get(block)! + offset
  return { content, placeOf }
}

/** Reads inodes and listings by references, like the kernel. */
function createReader(
  tables: { inodeBlocks: readonly Uint8Array[]; directoryBlocks: readonly Uint8Array[] },
  owners: readonly number[],
) {
  const inodes = open(tables.inodeBlocks)
  const listings = open(tables.directoryBlocks)

  function inode(block: number, offset: number) {
    const at = inodes.placeOf(block, offset)
    const field = inodes.content.subarray(at)
    const u16 = (n: number) => field.readUInt16LE(n)
    const u32 = (n: number) => field.readUInt32LE(n)
    const u64 = (n: number) => Number(field.readBigUInt64LE(n))
    const extended = u16(0) > 7
    const type = extended ? u16(0) - 7 : u16(0)
    const head = {
      type,
      extended,
      mode: u16(2),
      uid: owners[u16(4)],
      gid: owners[u16(6)],
      mtime: u32(8),
      number: u32(12),
    }
    const words = (from: number, count: number) => Array.from({ length: count }, (_, n) => u32(from + 4 * n))
    switch (type) {
      case InodeType.DIRECTORY: {
        const index: { offset: number; block: number; name: string }[] = []
        if (extended)
          for (let n = 0, place = 40; n < u16(32); n++) {
            const length = u32(place + 8) + 1
            const name = field.toString('latin1', place + 12, place + 12 + length)
            index.push({ offset: u32(place), block: u32(place + 4), name })
            place += 12 + length
          }
        const [block, offset, size, links, parent, xattrs] = extended
          ? [u32(24), u16(34), u32(20), u32(16), u32(28), u32(36)]
          : [u32(16), u16(26), u16(24), u32(20), u32(28), NONE]
        return { ...head, links, xattrs, parent, listing: { block, offset, size: size - 3 }, index }
      }
      case InodeType.FILE: {
        const [start, size, sparse, links, fragment, fragmentOffset, xattrs] = extended
          ? [u64(16), u64(24), u64(32), u32(40), u32(44), u32(48), u32(52)]
          : [u32(16), u32(28), 0, 1, u32(20), u32(24), NONE]
        // The block size of these tests.
        const count = fragment === NONE ? Math.ceil(size / 4096) : Math.floor(size / 4096)
        const blockSizes = words(extended ? 56 : 32, count)
        return { ...head, links, xattrs, start, size, sparse, fragment, fragmentOffset, blockSizes }
      }
      case InodeType.SYMLINK: {
        const target = field.toString('latin1', 24, 24 + u32(20))
        return { ...head, links: u32(16), xattrs: extended ? u32(24 + target.length) : NONE, target }
      }
      case InodeType.BLOCK_DEVICE:
      case InodeType.CHARACTER_DEVICE:
        return { ...head, links: u32(16), xattrs: extended ? u32(24) : NONE, device: u32(20) }
      default:
        return { ...head, links: u32(16), xattrs: extended ? u32(20) : NONE }
    }
  }
  type Read = ReturnType<typeof inode>
  type ReadDirectory = Extract<Read, { parent: number }>

  const inodeAt = (reference: number) => inode(Math.floor(reference / 65_536), reference % 65_536)

  /** The names of a listing from a header on. */
  function* names({ listing, index }: ReadDirectory, indexEntry?: ReadDirectory['index'][number]) {
    const from = indexEntry ?? { block: listing.block, offset: 0 }
    const end = listings.placeOf(listing.block, listing.offset) + listing.size
    let at = listings.placeOf(from.block, (listing.offset + from.offset) % 8192)
    if (indexEntry) expect(index).toContain(indexEntry)
    while (at < end) {
      const [count, block, base] = [0, 4, 8].map((n) => listings.content.readUInt32LE(at + n)) as number[]
      at += 12
      for (let n = 0; n <= count!; n++) {
        const [offset, type, length] = [0, 4, 6].map((k) => listings.content.readUInt16LE(at + k)) as number[]
        const number = base! + listings.content.readInt16LE(at + 2)
        const name = listings.content.toString('latin1', at + 8, at + 9 + length!)
        yield { name, type: type!, number, block: block!, offset: offset! }
        at += 9 + length!
      }
    }
    expect(at).toBe(end)
  }

  /** Finds a name by the index, like the kernel: from the last index entry that is not beyond it. */
  function lookUp(read: ReadDirectory, name: string) {
    const indexEntry = read.index.filter((entry) => entry.name <= name).at(-1)
    let steps = 0
    for (const entry of names(read, indexEntry)) {
      steps++
      if (entry.name === name) return { number: entry.number, steps }
      if (entry.name > name) break
    }
    return null
  }

  return { inode, inodeAt, names, lookUp }
}

/** Compares everything below an inode with the node from which it was made. */
function compare(reader: ReturnType<typeof createReader>, node: Node, reference: number): void {
  const read = reader.inodeAt(reference)
  const { type, mode, uid, gid, mtime, number, links } = node
  expect(read).toMatchObject({ type, mode, uid, gid, mtime, number, links })
  expect(read.xattrs === NONE).toBe(node.xattrs === null)
  if (node.type === InodeType.DIRECTORY && 'parent' in read) {
    const children = [...node.children].sort(([a], [b]) => (a < b ? -1 : 1))
    const listed = [...reader.names(read)]
    expect(listed.map((entry) => entry.name)).toEqual(children.map(([name]) => name))
    for (const [n, [, child]] of children.entries()) {
      const entry = listed[n]!
      expect([entry.type, entry.number]).toEqual([child.type, child.number])
      compare(reader, child, entry.block * 65_536 + entry.offset)
    }
    expect(read.parent).toBe(node.parent?.number ?? node.number + 1)
  } else if (node.type === InodeType.FILE) {
    const { start, sparse, fragment, fragmentOffset, blockSizes } = node.placement ?? EMPTY
    expect(read).toMatchObject({ size: node.size, start, sparse, fragment, fragmentOffset, blockSizes })
  } else if (node.type === InodeType.SYMLINK) expect(read).toMatchObject({ target: node.target })
  else if (node.type === InodeType.BLOCK_DEVICE || node.type === InodeType.CHARACTER_DEVICE)
    expect(read).toMatchObject({
      device: (node.minor % 256) + node.major * 256 + Math.floor(node.minor / 256) * 2 ** 20,
    })
}

const EMPTY: Placement = { start: 0, sparse: 0, fragment: NONE, fragmentOffset: 0, blockSizes: [] }

describe('the tables of a tree', () => {
  it('of only a root', async () => {
    const { inodeBlocks, directoryBlocks, references } = await tablesOf(directory({}), uncompressed())
    expect(Buffer.concat(inodeBlocks).toString('hex')).toBe(
      '20800100ed010000010000f1536501000000000000000200000003000000' + '02000000',
    )
    expect(directoryBlocks).toEqual([])
    expect([...references]).toEqual([0])
  })

  it('of a file in a directory, byte by byte', async () => {
    const root = directory(
      {
        d: directory(
          { f: file(5000, { ...EMPTY, start: 96, blockSizes: [0x0100_1000, 904] }) },
          { uid: 7, gid: 8 },
        ),
      },
      { uid: 0, gid: 0 },
    )
    const { inodeBlocks, directoryBlocks, references } = await tablesOf(root, deflating, true)
    const head = (type: string, mode: string, owner: string, number: string) =>
      `${type}${mode}${owner}00f15365${number}`
    expect(Buffer.concat(inodeBlocks).toString('hex')).toBe(
      [
        '6880',
        head('0200', 'a401', '00000100', '01000000'),
        '60000000 ffffffff 00000000 88130000 00100001 88030000',
        head('0100', 'ed01', '02000300', '02000000'),
        '00000000 02000000 1800 0000 03000000', // listing of 21 bytes at 0, in the root
        head('0100', 'ed01', '04000400', '03000000'),
        '00000000 03000000 1800 1500 04000000', // listing at 21
      ]
        .join('')
        .replaceAll(' ', ''),
    )
    expect(Buffer.concat(directoryBlocks).toString('hex')).toBe(
      [
        '2a80',
        '00000000 00000000 01000000 0000 0000 0200 0000 66',
        '00000000 00000000 02000000 2800 0000 0100 0000 64',
      ]
        .join('')
        .replaceAll(' ', ''),
    )
    expect([...references]).toEqual([0, 0x28, 0x48])
  })

  it('of an empty file, which has no position', async () => {
    const { inodeBlocks } = await tablesOf(directory({ f: file(0, null) }), deflating, true)
    expect(Buffer.concat(inodeBlocks).subarray(0, 36).toString('hex')).toBe(
      ['4080', '0200a4010000010000f1536501000000', '00000000 ffffffff 00000000 00000000', '0100']
        .join('')
        .replaceAll(' ', ''),
    )
  })

  it('of all types, in both forms, are read back', async () => {
    const xattrs = [['user.a', Uint8Array.of(1)]] as const
    const more = [['user.b', Uint8Array.of(1)]] as const
    const everything = (given: Partial<Attributes>) =>
      directory(
        {
          'basic file': file(8191, { ...EMPTY, start: 2 ** 32 - 1, blockSizes: [1, 2] }, given),
          'far file': file(8192, { ...EMPTY, start: 2 ** 40, blockSizes: [0x0100_1000, 7] }, given),
          'sparse file': file(9000, { ...EMPTY, sparse: 4096, start: 96, blockSizes: [0, 1, 1] }, given),
          tail: file(100, { ...EMPTY, fragment: 3, fragmentOffset: 77 }, given),
          'empty file': file(0, null, given),
          'empty directory': directory({}, given),
          symlink: symlinkNode(attributes({ mode: 0o777, ...given }), '../x\xff'),
          block: deviceNode(InodeType.BLOCK_DEVICE, attributes(given), 8, 1),
          character: deviceNode(InodeType.CHARACTER_DEVICE, attributes(given), 4000, 1_000_000),
          fifo: ipcNode(InodeType.FIFO, attributes(given)),
          socket: ipcNode(InodeType.SOCKET, attributes(given)),
        },
        given,
      )
    const root = directory({
      plain: everything({}),
      'with xattrs': everything({ xattrs, uid: 5, gid: 6 }),
      z: directory({}, { xattrs: more }),
    })
    for (const codec of [uncompressed(), deflating]) {
      const { reader, references } = await tablesOf(root, codec)
      compare(reader, root, references[root.number - 1]!)
    }
    const { reader, references, nodes, xattrs: table } = await tablesOf(root)
    const extended = nodes.filter(({ number }) => reader.inodeAt(references[number - 1]!).extended)
    expect(extended.length).toBe(12 + 2 + 1) // all with xattrs, two files without, and the last directory
    for (const node of nodes)
      expect(reader.inodeAt(references[node.number - 1]!).xattrs).toBe(table.indexOf(node.xattrs))
  })

  it('of hard links, which refer to one inode', async () => {
    const linked = file(10, { ...EMPTY, fragment: 0 })
    const root = directory({ a: linked, b: directory({ c: linked }), d: linked, e: socket() })
    const { reader, references, nodes } = await tablesOf(root)
    compare(reader, root, references[root.number - 1]!)
    expect(nodes.length).toBe(4)
    expect(reader.inodeAt(references[linked.number - 1]!)).toMatchObject({ links: 3, extended: true })
  })

  it('have a reference for each inode number', async () => {
    const many = Object.fromEntries(Array.from({ length: 3000 }, (_, n) => [`file ${n}`, socket()]))
    const root = directory({ many: directory(many), last: socket() })
    for (const codec of [uncompressed(), deflating]) {
      const { reader, references, nodes } = await tablesOf(root, codec)
      expect(references.length).toBe(nodes.length)
      for (const [n, reference] of references.entries()) expect(reader.inodeAt(reference).number).toBe(n + 1)
    }
  })

  it('of any tree are read back', async () => {
    const aName = fc.uint8Array({ minLength: 1, maxLength: 8 }).map(fromBytes)
    const aLeaf = fc.oneof(
      fc
        .nat(0xffff_ffff)
        .map((mtime) => ({ make: () => ipcNode(InodeType.FIFO, attributes({ mtime })), count: 1 })),
      fc.constantFrom(1, 1, 300, 700).map((count) => ({ make: socket, count })),
      fc.integer({ min: 1, max: 4095 }).map((length) => ({
        make: () => symlinkNode(attributes(), 'x'.repeat(length)),
        count: 1,
      })),
    )
    const { tree } = fc.letrec<{ tree: [string, Branch][]; branch: Branch }>((tie) => ({
      tree: fc.uniqueArray(fc.tuple(aName, tie('branch')), { selector: ([name]) => name, maxLength: 6 }),
      branch: fc.oneof({ maxDepth: 4 }, aLeaf, tie('tree')),
    }))
    const grow = (branches: readonly [string, Branch][]): DirectoryNode => {
      const node = directoryNode(attributes())
      for (const [name, branch] of branches) {
        if (!('make' in branch)) attach(node, name, grow(branch))
        else
          for (let n = 0; n < branch.count; n++) attach(node, n === 0 ? name : `${name}-${n}`, branch.make())
      }
      return node
    }
    await fc.assert(
      fc.asyncProperty(tree, fc.constantFrom(deflating, uncompressed()), async (branches, codec) => {
        const root = grow(branches)
        const { reader, references } = await tablesOf(root, codec)
        compare(reader, root, references[root.number - 1]!)
      }),
      { numRuns: 20 },
    )
  })

  it('fail if their codec fails', async () => {
    const failing: Codec = {
      name: 'failing',
      id: 1,
      compress: () => Promise.reject(new Error('no space left')),
    }
    await expect(tablesOf(directory({}), failing)).rejects.toThrow('no space left')
  })
})

type Branch = { readonly make: () => Node; readonly count: number } | [string, Branch][]

describe('a large listing', () => {
  const crowd = (count: number, nameOf: (n: number) => string = (n) => `name ${n}`) =>
    directory(Object.fromEntries(Array.from({ length: count }, (_, n) => [nameOf(n), socket()])))

  it('has an index, which finds every name in few steps, and no other name', async () => {
    const large = crowd(5000)
    const root = directory({ a: crowd(20), large, z: crowd(3) })
    for (const codec of [uncompressed(), deflating]) {
      const { reader, references } = await tablesOf(root, codec)
      const read = reader.inodeAt(references[large.number - 1]!)
      if (!('index' in read)) throw new Error('not a directory')
      expect(read.extended).toBe(true)
      expect(read.index.length).toBe(Math.floor((read.listing.offset + read.listing.size) / 8192))
      for (const [n, [name, child]] of [...large.children].entries()) {
        if (n % 23 > 0 && n < 4990) continue
        const found = reader.lookUp(read, name)
        expect(found?.number).toBe(child.number)
        expect(found?.steps).toBeLessThan(800)
      }
      for (const name of ['', 'name', 'name 5000', 'name 1234x', 'zzz', '\xff'])
        expect(reader.lookUp(read, name)).toBeNull()
    }
  })

  it('of 65,533 bytes and more has its size in 32 bits', async () => {
    const large = crowd(400, (n) => `${'x'.repeat(200)}${n}`)
    const { reader, references } = await tablesOf(directory({ large }))
    const read = reader.inodeAt(references[large.number - 1]!)
    expect('listing' in read && read.listing.size).toBeGreaterThan(65_532)
    compare(reader, large, references[large.number - 1]!)
  })

  it('has an index from 8,193 bytes on', async () => {
    const sizes = new Map<number, boolean>()
    for (let length = 1; length <= 120; length++) {
      // After a listing of a few bytes, so that it crosses the end of a metadata block.
      const large = crowd(352, (n) => (n === 351 ? 'z'.repeat(length) : `some name ${10_000 + n}`))
      const { reader, references } = await tablesOf(directory({ a: crowd(60), large }), uncompressed())
      const read = reader.inodeAt(references[large.number - 1]!)
      if ('listing' in read) sizes.set(read.listing.size, read.extended && read.index.length === 1)
    }
    expect(sizes.has(8192) && sizes.has(8193)).toBe(true)
    expect([...sizes].every(([size, indexed]) => indexed === size > 8192)).toBe(true)
  })
})
