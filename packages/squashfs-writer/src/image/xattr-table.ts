/** Xattr table: the distinct sets of xattrs, and the id table by which inodes refer to them. Repeated values are written once. */
import { NO_XATTR } from '../format/inode.js'
import {
  encodeXattrId,
  encodeXattrKey,
  encodeXattrReference,
  encodeXattrTableHeader,
  encodeXattrValue,
  splitXattrName,
} from '../format/xattr.js'
import { fromBytes, toBytes } from '../tree/byte-string.js'
import type { Xattr } from '../tree/node.js'
import type { BlockEncoder } from './encode-block.js'
import { writeLookupTable } from './lookup-table.js'
import { createMetadataWriter, type Mark } from './metadata-writer.js'
import type { Output } from './output.js'

/**
 * A repeated value of at least this many bytes is written out of line: a reference takes 8 bytes. `mksquashfs` relies on this
 * when it appends to an image.
 */
const OUT_OF_LINE_FROM = 8

export interface XattrTable {
  /** The index of a set; equal sets have the same index. */
  indexOf(xattrs: readonly Xattr[] | null): number
  /** Writes the table and returns its start; null if there is no set. */
  write(output: Output, encode: BlockEncoder, uncompressed: boolean): Promise<number | null>
}

export function createXattrTable(): XattrTable {
  const indices = new Map<string, number>()
  const sets: (readonly Xattr[])[] = []
  const byIdentity = new Map<readonly Xattr[], number>()

  return {
    indexOf(xattrs) {
      if (xattrs === null) return NO_XATTR
      const seen = byIdentity.get(xattrs)
      if (seen !== undefined) return seen
      const key = xattrs.map(([name, value]) => `${name}\0${value.length}\0${fromBytes(value)}`).join('')
      const index = indices.get(key) ?? sets.push(xattrs) - 1
      indices.set(key, index)
      byIdentity.set(xattrs, index)
      return index
    },
    async write(output, encode, uncompressed) {
      if (sets.length === 0) return null
      const start = output.position
      const keyValues = createMetadataWriter(encode, uncompressed)
      const earlier = new Map<string, Mark>()
      const ids: { mark: Mark; count: number; size: number }[] = []
      for (const set of sets) {
        const mark = keyValues.mark()
        let size = 0
        for (const [name, value] of set) {
          const { prefix, rest } = splitXattrName(toBytes(name))!
          const content = value.length >= OUT_OF_LINE_FROM ? fromBytes(value) : null
          const before = content === null ? undefined : earlier.get(content)
          const repeats = before !== undefined
          if (repeats) await keyValues.locateBlocks()
          const key = encodeXattrKey(prefix, rest, repeats)
          const record = repeats ? encodeXattrReference(keyValues.reference(before)) : encodeXattrValue(value)
          keyValues.append(key)
          if (content !== null && !repeats) earlier.set(content, keyValues.mark())
          keyValues.append(record)
          size += key.length + record.length
        }
        ids.push({ mark, count: set.length, size })
      }
      const { blocks } = await keyValues.finish()
      for (const block of blocks) output.append(block)
      const records = ids.map(({ mark, count, size }) =>
        encodeXattrId({ reference: keyValues.reference(mark), count, size }),
      )
      return writeLookupTable(
        output,
        encode,
        uncompressed,
        records,
        encodeXattrTableHeader(start, ids.length),
      )
    },
  }
}
