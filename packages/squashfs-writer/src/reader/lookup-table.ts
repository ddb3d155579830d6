/** Lookup tables: reads records of equal size from metadata blocks. An index has the u64 position of each block. */
import { getUint64, viewOf } from '../format/byte-order.js'
import { METADATA_BLOCK_SIZE } from '../format/metadata-block.js'
import { SUPERBLOCK_SIZE } from '../format/superblock.js'
import type { BlockCache } from './metadata-reader.js'
import type { Fail, ReadBytes } from './reader-context.js'

export interface LookupTable {
  readonly count: number
  /** @throws ImageError if `n` is not less than {@link count}. */
  record(n: number): Uint8Array | Promise<Uint8Array>
  /** The start of its first block and the end of its index, in bytes from the start of the image. */
  extent(): Promise<{ readonly start: number; readonly end: number }>
}

export interface LookupTableShape {
  /** The name in messages. */
  readonly name: string
  /** In bytes, a divisor of 8,192. */
  readonly recordSize: number
  readonly count: number
  /** Start of the index, in bytes from the start of the image. */
  readonly index: number
}

export function lookupTable(
  bytes: ReadBytes,
  cache: BlockCache,
  { name, recordSize, count, index }: LookupTableShape,
  fail: Fail,
): LookupTable {
  const perBlock = METADATA_BLOCK_SIZE / recordSize
  const blocks = Math.ceil(count / perBlock)
  let positions: DataView | undefined

  async function load(): Promise<DataView> {
    // `bytes` throws before it allocates, if the image is not that long.
    positions ??= viewOf(await bytes(index, 8 * blocks))
    return positions
  }

  function position(view: DataView, n: number): number {
    const at = getUint64(view, 8 * n)
    if (!(at >= SUPERBLOCK_SIZE && at < index)) throw fail(`the index of the ${name} leads out of it`)
    return at
  }

  async function loadRecord(n: number): Promise<Uint8Array> {
    if (!(n >= 0 && n < count))
      throw fail(`${n} is not an index into the ${name}, which has ${count} records`)
    const block = await cache.at(position(await load(), Math.floor(n / perBlock)), index)
    return slice(block.content, n)
  }

  function slice(content: Uint8Array, n: number): Uint8Array {
    const at = (n % perBlock) * recordSize
    if (at + recordSize > content.length) throw fail(`the ${name} ends before record ${n}`)
    return content.subarray(at, at + recordSize)
  }

  return {
    count,
    record(n) {
      if (positions === undefined || n >= count) return loadRecord(n)
      const block = cache.at(position(positions, Math.floor(n / perBlock)), index)
      return block instanceof Promise
        ? block.then(({ content }) => slice(content, n))
        : slice(block.content, n)
    },
    async extent() {
      const view = await load()
      return { start: blocks === 0 ? index : position(view, 0), end: index + 8 * blocks }
    },
  }
}
