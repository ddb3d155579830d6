/** Xattr reader: reads the extended attributes of an inode. */
import { NO_XATTR } from '../format/inode.js'
import { MAX_XATTR_NAME, MAX_XATTR_VALUE } from '../format/limits.js'
import { decodeMetadataReference, type MetadataPlace } from '../format/metadata-block.js'
import {
  decodeXattrId,
  decodeXattrKey,
  decodeXattrReference,
  decodeXattrTableHeader,
  decodeXattrValueSize,
  XATTR_ID_SIZE,
  XATTR_KEY_SIZE,
  XATTR_PREFIXES,
  XATTR_REFERENCE_SIZE,
  XATTR_TABLE_HEADER_SIZE,
  XATTR_VALUE_SIZE,
} from '../format/xattr.js'
import { fromBytes } from '../tree/byte-string.js'
import type { Xattr } from '../tree/node.js'
import { type LookupTable, lookupTable } from './lookup-table.js'
import { type Cursor, type MetadataReader, metadataReader } from './metadata-reader.js'
import type { ReaderContext } from './reader-context.js'

export interface XattrReader {
  /** Reads a set, in the order on disk. @param index the xattr index of the inode. */
  read(index: number): Promise<readonly Xattr[]>
  /** The table; null if there is none. */
  table(): Promise<XattrTableParts | null>
}

export interface XattrTableParts {
  readonly ids: LookupTable
  readonly keyValues: MetadataReader
}

/** Maximum size of the list of names (XATTR_LIST_MAX of Linux). */
const LONGEST_LIST = 65_536
/** Number of sets in the cache. Adjacent inodes often share a set. */
const SETS_KEPT = 16

export function xattrReader(context: ReaderContext): XattrReader {
  const { superblock, bytes, cache, fail } = context
  let loaded: XattrTableParts | null | undefined
  const known = new Map<number, readonly Xattr[]>()

  async function table(): Promise<XattrTableParts | null> {
    if (loaded === undefined) loaded = await load()
    return loaded
  }

  async function load(): Promise<XattrTableParts | null> {
    const start = superblock.xattrTable
    if (start === null) return null
    const { keyValueStart, count } = decodeXattrTableHeader(await bytes(start, XATTR_TABLE_HEADER_SIZE))
    if (count === 0) return null
    if (!(keyValueStart >= superblock.directoryTable && keyValueStart < start))
      throw fail('the start of its xattrs is not possible')
    const shape = {
      name: 'xattr id table',
      recordSize: XATTR_ID_SIZE,
      count,
      index: start + XATTR_TABLE_HEADER_SIZE,
    }
    return {
      ids: lookupTable(bytes, cache, shape, fail),
      keyValues: metadataReader(cache, 'xattr table', keyValueStart, start, fail),
    }
  }

  async function readSet(index: number): Promise<readonly Xattr[]> {
    const loadedTable = await table()
    if (loadedTable === null) throw fail('an inode has xattrs, and there is no xattr table')
    const { ids, keyValues } = loadedTable
    const { reference, count, size } = decodeXattrId(await ids.record(index))
    // A key and its value take at least 8 bytes.
    if (count > size / 8 || size > keyValues.capacity(placeOf(reference)))
      throw fail('a set of xattrs is too large')
    const cursor = keyValues.cursor(placeOf(reference))
    const outOfLineValues = new Map<number, Uint8Array>()
    const set: Xattr[] = []
    let listed = 0
    for (let n = 0; n < count; n++) {
      const { prefix, outOfLine, nameLength } = decodeXattrKey(await cursor.take(XATTR_KEY_SIZE))
      const text = XATTR_PREFIXES[prefix]
      if (text === undefined) throw fail(`an xattr has the unknown prefix ${prefix}`)
      if (nameLength > MAX_XATTR_NAME) throw fail('the name of an xattr is too long')
      const name = text + fromBytes(await cursor.take(nameLength))
      listed += name.length + 1
      if (listed > LONGEST_LIST) throw fail('an inode has too many xattrs')
      set.push([
        name,
        outOfLine ? await outOfLineValue(cursor, keyValues, outOfLineValues) : await value(cursor),
      ])
    }
    return set
  }

  async function value(cursor: Cursor): Promise<Uint8Array> {
    const size = decodeXattrValueSize(await cursor.take(XATTR_VALUE_SIZE))
    if (size > MAX_XATTR_VALUE) throw fail(`the value of an xattr has ${size} bytes`)
    return (await cursor.take(size)).slice()
  }

  /** A reference refers to an inline value, never to another reference, so there are no loops. */
  async function outOfLineValue(
    cursor: Cursor,
    keyValues: MetadataReader,
    known: Map<number, Uint8Array>,
  ): Promise<Uint8Array> {
    const size = decodeXattrValueSize(await cursor.take(XATTR_VALUE_SIZE))
    if (size !== XATTR_REFERENCE_SIZE) throw fail(`a reference to the value of an xattr has ${size} bytes`)
    const reference = decodeXattrReference(await cursor.take(XATTR_REFERENCE_SIZE))
    const found = known.get(reference) ?? (await value(keyValues.cursor(placeOf(reference))))
    known.set(reference, found)
    return found
  }

  function placeOf(reference: number): MetadataPlace {
    if (!Number.isSafeInteger(reference)) throw fail('a reference to xattrs leads out of their table')
    return decodeMetadataReference(reference)
  }

  return {
    table,
    async read(index) {
      if (index === NO_XATTR) return []
      const found = known.get(index) ?? (await readSet(index))
      known.set(index, found)
      if (known.size > SETS_KEPT)
        for (const oldest of known.keys()) {
          known.delete(oldest)
          break
        }
      return found
    },
  }
}
