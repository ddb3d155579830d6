import { crc32 } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import {
  decodePackRecord,
  encodePackRecord,
  type FileToRecord,
  IDENTITY_SIZE,
  type NewPackRecord,
} from './pack-record.js'

const identity = (n: number) => String.fromCharCode(n).repeat(IDENTITY_SIZE)

const RESULT = { kind: 'text', text: 'a\n\xfe\u20ac', numbers: [2 ** 40] }

const RECORD: NewPackRecord & { files: readonly (FileToRecord | null)[] } = {
  tie: { bytesUsed: 123_456, digest: 'ab'.repeat(32), file: '1 2 3 4' },
  settings: '{"codec":"zstd"}',
  user: 1000,
  secondsInFull: 2.5,
  examiner: '1',
  blocks: { start: 96, sizes: [100, 200], checksums: [1, 0xffff_ffff] },
  inodes: 4,
  files: [
    { identity: identity(0), withoutXattrs: true, digest: '\xff'.repeat(32), examined: undefined },
    null,
    {
      identity: identity(255),
      withoutXattrs: false,
      digest: null,
      examined: JSON.stringify(RESULT),
    },
    { identity: identity(7), withoutXattrs: false, digest: 'd'.repeat(32), examined: 'null' },
  ],
}

describe('a pack record', () => {
  it('gives back its content', () => {
    const record = decodePackRecord(encodePackRecord(RECORD))!
    const { inodes, files, ...rest } = RECORD
    expect(record).toMatchObject(rest)
    expect(files.map((_, n) => record.file(n + 1))).toEqual(
      files.map((file) => file && { ...file, examined: file.examined && JSON.parse(file.examined) }),
    )
    expect(inodes).toBe(files.length)
    expect([record.file(0), record.file(5), record.file(-1)]).toEqual([null, null, null])
  })

  it('is refused if any bit differs, or bytes are missing', () => {
    const bytes = encodePackRecord(RECORD)
    for (let at = 0; at < bytes.length; at++) {
      const damaged = bytes.slice()
      damaged[at]! ^= 1 << (at % 8)
      expect(decodePackRecord(damaged)).toBeNull()
      expect(decodePackRecord(bytes.slice(0, at))).toBeNull()
    }
  })

  it('is refused if its counts are wrong, even with a valid checksum', () => {
    const text = new TextDecoder('latin1').decode(encodePackRecord(RECORD))
    for (const [field, value] of [
      ['"blocks":2', '"blocks":9'],
      ['"inodes":4', '"inodes":9'],
      ['"digests":2', '"digests":1'],
      ['"examiner":"1"', '"examiner": 1 '],
      ['[[2,', '[[2;'],
      ['"inodes":4', '"inodes":x'],
      ['"user":1000', '"user":"me"'],
      ['"firstBlock":96', '"firstBlock":-1'],
    ]) {
      const changed = Buffer.from(text.replace(field!, value!.padEnd(field!.length)), 'latin1')
      changed.writeUInt32LE(crc32(changed.subarray(0, -4)), changed.length - 4)
      expect([field, decodePackRecord(changed)]).toEqual([field, null])
    }
  })
})
