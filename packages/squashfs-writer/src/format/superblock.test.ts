import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  decodeSuperblock,
  encodeSuperblock,
  MAGIC,
  SUPERBLOCK_SIZE,
  type Superblock,
  SuperblockFlag,
} from './superblock.js'

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')

/** All bytes of all fields differ, so that an exchange of two is noticed. */
const KNOWN: Superblock = {
  inodeCount: 0x0403_0201,
  createdAt: 0xf8f7_f6f5,
  blockSize: 131_072,
  fragmentCount: 0x0c0b_0a09,
  compressor: 6,
  flags: 0x0ec1,
  idCount: 0xfffe,
  rootInode: 0x16_1514_1312_11,
  bytesUsed: 0x26_2524_2322_21,
  idTable: 0x36_3534_3332_31,
  xattrTable: 0x46_4544_4342_41,
  inodeTable: 0x56_5554_5352_51,
  directoryTable: 0x66_6564_6362_61,
  fragmentTable: 0x76_7574_7372_71,
  exportTable: 0x86_8584_8382_81,
}

const KNOWN_ON_DISK = [
  '68737173', // hsqs
  '01020304', // inodes
  'f5f6f7f8', // time
  '00000200', // block size
  '090a0b0c', // fragments
  '0600', // zstd
  '1100', // log2 of the block size: 17
  'c10e', // flags
  'feff', // ids
  '04000000', // version 4.0
  '1112131415160000', // root inode
  '2122232425260000', // bytes used
  '3132333435360000', // ids
  '4142434445460000', // xattrs
  '5152535455560000', // inodes
  '6162636465660000', // directories
  '7172737475760000', // fragments
  '8182838485860000', // exports
].join('')

const ABSENT = 'ffffffffffffffff'

function aSuperblock(): fc.Arbitrary<Superblock> {
  const a16 = fc.nat(0xffff)
  const a32 = fc.nat(0xffff_ffff)
  const aPlace = fc.maxSafeNat()
  const mayBeAbsent = fc.option(aPlace)
  return fc.record({
    inodeCount: a32,
    createdAt: a32,
    blockSize: fc.integer({ min: 12, max: 20 }).map((log) => 2 ** log),
    fragmentCount: a32,
    compressor: a16,
    flags: a16,
    idCount: a16,
    rootInode: aPlace,
    bytesUsed: aPlace,
    idTable: aPlace,
    xattrTable: mayBeAbsent,
    inodeTable: aPlace,
    directoryTable: aPlace,
    fragmentTable: mayBeAbsent,
    exportTable: mayBeAbsent,
  })
}

describe('a superblock', () => {
  it('consists of the 96 bytes of the format', () => {
    expect(SUPERBLOCK_SIZE).toBe(96)
    expect(hex(encodeSuperblock(KNOWN))).toBe(KNOWN_ON_DISK)
  })

  it('is decoded to its fields', () => {
    expect(decodeSuperblock(encodeSuperblock(KNOWN))).toEqual(KNOWN)
    fc.assert(
      fc.property(aSuperblock(), (superblock) => {
        expect(decodeSuperblock(encodeSuperblock(superblock))).toEqual(superblock)
      }),
    )
  })

  it.each([
    ['xattrTable', 56],
    ['fragmentTable', 80],
    ['exportTable', 88],
  ] as const)('marks an absent %s with all bits set, at byte %d', (table, at) => {
    const bytes = encodeSuperblock({ ...KNOWN, [table]: null })
    expect(hex(bytes)).toBe(KNOWN_ON_DISK.slice(0, 2 * at) + ABSENT + KNOWN_ON_DISK.slice(2 * at + 16))
    expect(decodeSuperblock(bytes)).toEqual({ ...KNOWN, [table]: null })
  })

  it('distinguishes a table at 0, or at the last possible position, from an absent one', () => {
    for (const exportTable of [0, 2 ** 32 - 1, 2 ** 53 - 1])
      expect(decodeSuperblock(encodeSuperblock({ ...KNOWN, exportTable }))?.exportTable).toBe(exportTable)
  })

  it.each([4096, 8192, 16_384, 32_768, 65_536, 131_072, 262_144, 524_288, 1_048_576])(
    'also has the logarithm of a block size of %d',
    (blockSize) => {
      const bytes = Buffer.from(encodeSuperblock({ ...KNOWN, blockSize }))
      expect(bytes.readUInt32LE(12)).toBe(blockSize)
      expect(2 ** bytes.readUInt16LE(22)).toBe(blockSize)
    },
  )

  it('is decoded from a subarray', () => {
    const image = Buffer.concat([Buffer.alloc(5, 0xff), encodeSuperblock(KNOWN), Buffer.alloc(7, 0xff)])
    expect(decodeSuperblock(image.subarray(5))).toEqual(KNOWN)
  })
})

describe('bytes that are not a superblock of squashfs 4.0', () => {
  const changed = (change: (bytes: Buffer) => void) => {
    const bytes = Buffer.from(encodeSuperblock(KNOWN))
    change(bytes)
    return decodeSuperblock(bytes)
  }

  it('are fewer than 96', () => {
    const bytes = encodeSuperblock(KNOWN)
    expect(decodeSuperblock(new Uint8Array(0))).toBeNull()
    expect(decodeSuperblock(bytes.subarray(0, 95))).toBeNull()
    expect(decodeSuperblock(bytes.subarray(0, 96))).not.toBeNull()
  })

  it('have another magic, in any byte', () => {
    expect(MAGIC).toBe(0x7371_7368)
    for (const at of [0, 1, 2, 3])
      expect(changed((bytes) => bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at))).toBeNull()
  })

  it.each([
    [3, 0],
    [5, 0],
    [4, 1],
    [0, 4],
    [3, 1],
    [260, 0],
    [4, 256],
  ])('have version %d.%d', (major, minor) => {
    expect(
      changed((bytes) => {
        bytes.writeUInt16LE(major, 28)
        bytes.writeUInt16LE(minor, 30)
      }),
    ).toBeNull()
  })
})

describe('the flags', () => {
  it('are the bits of squashfs_fs.h', () => {
    expect(SuperblockFlag).toEqual({
      UNCOMPRESSED_INODES: 0x0001,
      UNCOMPRESSED_DATA: 0x0002,
      UNCOMPRESSED_FRAGMENTS: 0x0008,
      NO_FRAGMENTS: 0x0010,
      ALWAYS_FRAGMENTS: 0x0020,
      DUPLICATES_REMOVED: 0x0040,
      EXPORTABLE: 0x0080,
      UNCOMPRESSED_XATTRS: 0x0100,
      NO_XATTRS: 0x0200,
      COMPRESSOR_OPTIONS: 0x0400,
      UNCOMPRESSED_IDS: 0x0800,
    })
  })
})
