/** Id table: the distinct uids and gids of an image. Inodes refer to them by index. */
import { LimitError } from '../errors.js'
import { setUint32 } from '../format/byte-order.js'
import { MAX_IDS } from '../format/limits.js'

export interface IdTable {
  /**
   * The index of a uid or gid, which is added if it is new.
   * @throws LimitError for more distinct ids than the table can hold.
   */
  indexOf(id: number): number
  readonly count: number
  records(): Iterable<Uint8Array>
}

export function createIdTable(): IdTable {
  const indices = new Map<number, number>()
  return {
    indexOf(id) {
      const known = indices.get(id)
      if (known !== undefined) return known
      if (indices.size === MAX_IDS)
        throw new LimitError(
          `more than ${MAX_IDS} distinct user and group ids; give all files one owner (owner: 'root')`,
        )
      indices.set(id, indices.size)
      return indices.size - 1
    },
    get count() {
      return indices.size
    },
    *records() {
      for (const id of indices.keys()) {
        const record = new Uint8Array(4)
        setUint32(record, 0, id)
        yield record
      }
    },
  }
}
