import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { viewOf } from './byte-order.js'
import { NO_FRAGMENT } from './fragment.js'
import {
  type DeviceInode,
  type DirectoryInode,
  decodeBlockSizes,
  decodeIndexEntry,
  decodeInode,
  encodeInode,
  type FileInode,
  INDEX_ENTRY_SIZE,
  type Inode,
  type InodeHead,
  InodeType,
  type IpcInode,
  inodeSize,
  NO_XATTR,
  type SymlinkInode,
} from './inode.js'

const HEAD: InodeHead = {
  mode: 0o7654,
  uidIndex: 0x1211,
  gidIndex: 0xfffe,
  mtime: 0xf4f3_f2f1,
  number: 0x2423_2221,
  xattrIndex: NO_XATTR,
}
const HEAD_ON_DISK = 'ac0f 1112 feff f1f2f3f4 21222324'

const WITH_XATTRS: InodeHead = { ...HEAD, xattrIndex: 0x3433_3231 }

const FILE: FileInode = {
  type: InodeType.FILE,
  head: HEAD,
  start: 0xb4b3_b2b1,
  size: 0xc4c3_c2c1,
  sparse: 0,
  links: 1,
  fragment: 0x4443_4241,
  fragmentOffset: 0x5453_5251,
  blockSizes: [0x0100_1000, 0, 0x0000_0fff],
}

const DIRECTORY: DirectoryInode = {
  type: InodeType.DIRECTORY,
  head: HEAD,
  listingBlock: 0xb4b3_b2b1,
  listingOffset: 0x1fff,
  listingSize: 0x4240,
  links: 0x5453_5251,
  parent: 0x6463_6261,
  index: [],
}

const SYMLINK: SymlinkInode = {
  type: InodeType.SYMLINK,
  head: HEAD,
  links: 0x5453_5251,
  target: new Uint8Array(Buffer.from('../a\xff', 'latin1')),
}

const DEVICE: DeviceInode = {
  type: InodeType.BLOCK_DEVICE,
  head: HEAD,
  links: 0x5453_5251,
  device: 0xf4e3_d2c1,
}

const IPC: IpcInode = { type: InodeType.FIFO, head: HEAD, links: 0x5453_5251 }

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')
const onDisk = (...fields: string[]) => fields.join('').replaceAll(' ', '')
const typeOf = (inode: Inode) => Buffer.from(encodeInode(inode)).readUInt16LE(0)

const BASIC = { directory: 1, file: 2 }
const EXTENDED = { directory: 8, file: 9 }

describe('the basic form', () => {
  it('of a directory', () => {
    expect(hex(encodeInode(DIRECTORY))).toBe(
      onDisk(
        '0100',
        HEAD_ON_DISK,
        'b1b2b3b4', // block of the listing
        '51525354', // links
        '4342', // listing + 3
        'ff1f', // offset of the listing
        '61626364', // parent
      ),
    )
  })

  it('of a file', () => {
    expect(hex(encodeInode(FILE))).toBe(
      onDisk(
        '0200',
        HEAD_ON_DISK,
        'b1b2b3b4', // start
        '41424344', // fragment
        '51525354', // offset in the fragment
        'c1c2c3c4', // size
        '00100001 00000000 ff0f0000', // blocks
      ),
    )
  })

  it('of a file without a fragment, and without blocks', () => {
    const empty = { ...FILE, start: 0, size: 0, fragment: NO_FRAGMENT, blockSizes: [] }
    expect(hex(encodeInode(empty))).toBe(
      onDisk('0200', HEAD_ON_DISK, '00000000', 'ffffffff', '00000000', '00000000'),
    )
  })

  it('of a symlink', () => {
    expect(hex(encodeInode(SYMLINK))).toBe(onDisk('0300', HEAD_ON_DISK, '51525354', '05000000', '2e2e2f61ff'))
  })

  it.each([
    [InodeType.BLOCK_DEVICE, '0400'],
    [InodeType.CHARACTER_DEVICE, '0500'],
  ] as const)('of a device of type %d', (type, typeOnDisk) => {
    expect(hex(encodeInode({ ...DEVICE, type }))).toBe(
      onDisk(typeOnDisk, HEAD_ON_DISK, '51525354', 'c1d2e3f4'),
    )
  })

  it.each([
    [InodeType.FIFO, '0600'],
    [InodeType.SOCKET, '0700'],
  ] as const)('of a fifo or socket of type %d', (type, typeOnDisk) => {
    expect(hex(encodeInode({ ...IPC, type }))).toBe(onDisk(typeOnDisk, HEAD_ON_DISK, '51525354'))
  })
})

describe('the extended form', () => {
  it('of a directory with xattrs', () => {
    expect(hex(encodeInode({ ...DIRECTORY, head: WITH_XATTRS }))).toBe(
      onDisk(
        '0800',
        HEAD_ON_DISK,
        '51525354', // links
        '43420000', // listing + 3
        'b1b2b3b4', // block of the listing
        '61626364', // parent
        '0000', // index entries
        'ff1f', // offset of the listing
        '31323334', // xattrs
      ),
    )
  })

  it('of a directory with an index', () => {
    const index = [
      { offset: 0x7473_7271, block: 0x8483_8281, name: Uint8Array.of(0x61) },
      { offset: 0x9493_9291, block: 0xa4a3_a2a1, name: new Uint8Array(255).fill(0xfe) },
      { offset: 1, block: 2, name: Uint8Array.of(0x62, 0x63) },
    ]
    expect(hex(encodeInode({ ...DIRECTORY, listingSize: 0x1234_5678, index }))).toBe(
      onDisk(
        '0800',
        HEAD_ON_DISK,
        '51525354',
        '7b563412',
        'b1b2b3b4',
        '61626364',
        '0300',
        'ff1f',
        'ffffffff',
        '71727374 81828384 00000000 61',
        `91929394 a1a2a3a4 fe000000 ${'fe'.repeat(255)}`,
        '01000000 02000000 01000000 6263',
      ),
    )
  })

  it('of a file', () => {
    const large = {
      ...FILE,
      head: WITH_XATTRS,
      start: 0xb6_b5b4_b3b2_b1,
      size: 0xc6_c5c4_c3c2_c1,
      sparse: 0xa6_a5a4_a3a2_a1,
      links: 0xd4d3_d2d1,
    }
    expect(hex(encodeInode(large))).toBe(
      onDisk(
        '0900',
        HEAD_ON_DISK,
        'b1b2b3b4b5b60000', // start
        'c1c2c3c4c5c60000', // size
        'a1a2a3a4a5a60000', // bytes in holes
        'd1d2d3d4', // links
        '41424344', // fragment
        '51525354', // offset in the fragment
        '31323334', // xattrs
        '00100001 00000000 ff0f0000', // blocks
      ),
    )
  })

  it('of a file without a fragment', () => {
    const bytes = encodeInode({ ...FILE, links: 2, fragment: NO_FRAGMENT })
    expect(hex(bytes.subarray(40, 56))).toBe(onDisk('02000000', 'ffffffff', '00000000', 'ffffffff'))
  })

  it('of a symlink with xattrs, whose index follows the target', () => {
    expect(hex(encodeInode({ ...SYMLINK, head: WITH_XATTRS }))).toBe(
      onDisk('0a00', HEAD_ON_DISK, '51525354', '05000000', '2e2e2f61ff', '31323334'),
    )
  })

  it.each([
    [InodeType.BLOCK_DEVICE, '0b00'],
    [InodeType.CHARACTER_DEVICE, '0c00'],
  ] as const)('of a device of type %d with xattrs', (type, typeOnDisk) => {
    expect(hex(encodeInode({ ...DEVICE, type, head: WITH_XATTRS }))).toBe(
      onDisk(typeOnDisk, HEAD_ON_DISK, '51525354', 'c1d2e3f4', '31323334'),
    )
  })

  it.each([
    [InodeType.FIFO, '0d00'],
    [InodeType.SOCKET, '0e00'],
  ] as const)('of a fifo or socket of type %d with xattrs', (type, typeOnDisk) => {
    expect(hex(encodeInode({ ...IPC, type, head: WITH_XATTRS }))).toBe(
      onDisk(typeOnDisk, HEAD_ON_DISK, '51525354', '31323334'),
    )
  })
})

describe('a file is extended', () => {
  it.each([
    ['it begins at 4 GiB - 1', { start: 2 ** 32 - 1 }, BASIC.file],
    ['it begins at 4 GiB', { start: 2 ** 32 }, EXTENDED.file],
    ['it has 4 GiB - 1', { size: 2 ** 32 - 1 }, BASIC.file],
    ['it has 4 GiB', { size: 2 ** 32 }, EXTENDED.file],
    ['it has one name', { links: 1 }, BASIC.file],
    ['it has two names', { links: 2 }, EXTENDED.file],
    ['it has no hole', { sparse: 0 }, BASIC.file],
    ['it has a byte in a hole', { sparse: 1 }, EXTENDED.file],
    ['it has no xattrs', { head: HEAD }, BASIC.file],
    ['it has the first set of xattrs', { head: { ...HEAD, xattrIndex: 0 } }, EXTENDED.file],
  ])('or not: %s', (_, change, type) => {
    expect(typeOf({ ...FILE, ...change })).toBe(type)
  })
})

describe('the bytes in holes', () => {
  const sparseOf = (size: number, sparse: number) =>
    Number(Buffer.from(encodeInode({ ...FILE, size, sparse, links: 2 })).readBigUInt64LE(32))

  it.each([
    [8192, 4096, 4096],
    [8192, 8191, 8191],
    [8192, 8192, 8191],
    [8192, 8193, 8191],
    [1, 1, 0],
    [2 ** 40, 2 ** 40, 2 ** 40 - 1],
    [0, 0, 0],
    [8192, 0, 0],
  ])('are less than the size: of %d bytes, %d are written as %d', (size, sparse, reported) => {
    expect(sparseOf(size, sparse)).toBe(reported)
  })
})

describe('a directory is extended', () => {
  const indexEntry = { offset: 8000, block: 1, name: Uint8Array.of(0x61) }
  it.each([
    ['its listing is empty', { listingSize: 0 }, BASIC.directory],
    ['its listing has 65,532 bytes', { listingSize: 65_532 }, BASIC.directory],
    ['its listing has 65,533 bytes', { listingSize: 65_533 }, EXTENDED.directory],
    ['it has an index', { index: [indexEntry] }, EXTENDED.directory],
    ['it has the first set of xattrs', { head: { ...HEAD, xattrIndex: 0 } }, EXTENDED.directory],
  ])('or not: %s', (_, change, type) => {
    expect(typeOf({ ...DIRECTORY, ...change })).toBe(type)
  })

  it('and has the size of its listing in 32 bits', () => {
    const size = (listingSize: number) => {
      const bytes = Buffer.from(encodeInode({ ...DIRECTORY, listingSize }))
      return bytes.readUInt16LE(0) === BASIC.directory ? bytes.readUInt16LE(24) : bytes.readUInt32LE(20)
    }
    expect([0, 65_532, 65_533, 100_000].map(size)).toEqual([3, 65_535, 65_536, 100_003])
  })
})

describe('symlinks, devices, fifos and sockets are extended', () => {
  it.each([
    ['symlink', SYMLINK, 3],
    ['block device', DEVICE, 4],
    ['character device', { ...DEVICE, type: InodeType.CHARACTER_DEVICE }, 5],
    ['fifo', IPC, 6],
    ['socket', { ...IPC, type: InodeType.SOCKET }, 7],
  ] as const)('only for xattrs: %s', (_, inode, type) => {
    expect(typeOf(inode)).toBe(type)
    expect(typeOf({ ...inode, links: 1 })).toBe(type)
    expect(typeOf({ ...inode, head: { ...HEAD, xattrIndex: 0 } })).toBe(type + 7)
  })
})

describe('a symlink', () => {
  it.each([1, 4095])('keeps the %d bytes of its target', (length) => {
    const target = Uint8Array.from({ length }, (_, n) => (n % 255) + 1)
    const bytes = encodeInode({ ...SYMLINK, target })
    expect(bytes.length).toBe(24 + length)
    expect(bytes.subarray(24)).toEqual(target)
  })
})

describe('the block list', () => {
  it('may be any array of size words', () => {
    const anArray = fc.array(fc.nat(0xffff_ffff), { maxLength: 50 })
    fc.assert(
      fc.property(anArray, fc.boolean(), (words, extended) => {
        const blockSizes = Uint32Array.from(words)
        const bytes = Buffer.from(encodeInode({ ...FILE, blockSizes, links: extended ? 2 : 1 }))
        const list = bytes.subarray(extended ? 56 : 32)
        expect(list.length).toBe(4 * words.length)
        expect(words.map((_, n) => list.readUInt32LE(4 * n))).toEqual(words)
      }),
    )
  })
})

describe('decoding', () => {
  const NUMBERS = fc.nat(0xffff_ffff)
  const aHead = fc.record({
    mode: fc.nat(0o7777),
    uidIndex: fc.nat(0xffff),
    gidIndex: fc.nat(0xffff),
    mtime: NUMBERS,
    number: NUMBERS,
    xattrIndex: fc.oneof(fc.constant(NO_XATTR), fc.nat(1000)),
  })
  const aFile = fc
    .record({
      type: fc.constant(InodeType.FILE),
      head: aHead,
      start: fc.oneof(NUMBERS, fc.maxSafeNat()),
      size: fc.nat(20 * BLOCK_SIZE),
      links: fc.integer({ min: 1, max: 3 }),
      fragment: fc.oneof(fc.constant(NO_FRAGMENT), fc.nat(1000)),
      fragmentOffset: fc.nat(BLOCK_SIZE),
    })
    .map((file) => {
      const blocks = file.size / BLOCK_SIZE
      const count = file.fragment === NO_FRAGMENT ? Math.ceil(blocks) : Math.floor(blocks)
      const fragmentOffset = file.fragment === NO_FRAGMENT ? 0 : file.fragmentOffset
      const blockSizes = Array.from({ length: count }, (_, n) => 0x0100_0000 + n)
      return { ...file, sparse: 0, fragmentOffset, blockSizes }
    })
  const aDirectory = fc.record({
    type: fc.constant(InodeType.DIRECTORY),
    head: aHead,
    listingBlock: NUMBERS,
    listingOffset: fc.nat(8191),
    listingSize: fc.nat(100_000),
    links: NUMBERS,
    parent: NUMBERS,
    index: fc.constant([]),
  })
  const others = [
    fc.record({
      type: fc.constant(InodeType.SYMLINK),
      head: aHead,
      links: NUMBERS,
      target: fc.uint8Array({ minLength: 1, maxLength: 4095 }),
    }),
    fc.record({
      type: fc.constantFrom(InodeType.BLOCK_DEVICE, InodeType.CHARACTER_DEVICE),
      head: aHead,
      links: NUMBERS,
      device: NUMBERS,
    }),
    fc.record({
      type: fc.constantFrom(InodeType.FIFO, InodeType.SOCKET),
      head: aHead,
      links: NUMBERS,
    }),
  ]

  it('gives back the encoded inode, at any offset and before any bytes', () => {
    fc.assert(
      fc.property(fc.oneof(aFile, aDirectory, ...others), fc.nat(100), fc.nat(100), (inode, at, more) => {
        const encoded = encodeInode(inode)
        const bytes = new Uint8Array(at + encoded.length + more).fill(0xa5)
        bytes.set(encoded, at)
        expect(decoded(bytes, at)).toEqual(inode)
      }),
    )
  })

  it('gives back every type in both forms, with each byte of each field', () => {
    const file = { ...FILE, size: 0x3f21 } // three blocks and a tail
    for (const inode of [DIRECTORY, file, SYMLINK, DEVICE, IPC])
      for (const head of [HEAD, WITH_XATTRS]) {
        const known = { ...inode, head }
        expect(decoded(encodeInode(known))).toEqual(known)
      }
  })

  it('gives back the index of a directory, and the bytes in holes', () => {
    const index = [
      { offset: 8000, block: 100, name: Uint8Array.of(97) },
      { offset: 16_000, block: 200, name: Uint8Array.of(98, 255) },
    ]
    expect(decoded(encodeInode({ ...DIRECTORY, index }))).toEqual({ ...DIRECTORY, index })
    const holes = { ...FILE, size: 3 * BLOCK_SIZE, sparse: BLOCK_SIZE }
    expect(decoded(encodeInode(holes))).toEqual(holes)
  })

  it('refuses bytes that are not an inode, and truncated ones', () => {
    for (const type of [0, 15, 0xffff]) {
      const view = new DataView(new ArrayBuffer(64))
      view.setUint16(0, type, true)
      const refusal = new RangeError(`${type} is not a type of inode`)
      expect(() => decodeInode(view, BLOCK_SIZE)).toThrow(refusal)
      expect(() => inodeSize(view)).toThrow(refusal)
    }
    for (const inode of [DIRECTORY, { ...FILE, size: 0 }, SYMLINK, DEVICE, IPC]) {
      const bytes = encodeInode(inode)
      const size = inodeSize(viewOf(bytes))
      expect(() => decodeInode(viewOf(bytes.subarray(0, size - 1)), BLOCK_SIZE)).toThrow(RangeError)
    }
  })
})

const BLOCK_SIZE = 4096

/** Decodes a record like a reader: the fixed part, then the size words or index entries. */
function decoded(bytes: Uint8Array, at = 0): Inode {
  const inode = decodeInode(viewOf(bytes), BLOCK_SIZE, at)
  const list = at + inodeSize(viewOf(bytes), at)
  switch (inode.type) {
    case InodeType.FILE: {
      const { blockCount, sizeOfFixedPart, ...file } = inode
      expect(sizeOfFixedPart).toBe(list - at)
      return { ...file, blockSizes: decodeBlockSizes(bytes.subarray(list, list + 4 * blockCount)) }
    }
    case InodeType.DIRECTORY: {
      const { indexCount, ...directory } = inode
      let next = list
      const index = Array.from({ length: indexCount }, () => {
        const { nameLength, ...entry } = decodeIndexEntry(bytes.subarray(next, next + INDEX_ENTRY_SIZE))
        const name = next + INDEX_ENTRY_SIZE
        next = name + nameLength
        return { ...entry, name: bytes.slice(name, next) }
      })
      return { ...directory, index }
    }
    default:
      return inode
  }
}

describe('the types', () => {
  it('are those of the format', () => {
    expect(InodeType).toEqual({
      DIRECTORY: 1,
      FILE: 2,
      SYMLINK: 3,
      BLOCK_DEVICE: 4,
      CHARACTER_DEVICE: 5,
      FIFO: 6,
      SOCKET: 7,
    })
    expect(NO_XATTR).toBe(0xffff_ffff)
  })
})
