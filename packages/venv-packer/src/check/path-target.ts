/** Where an absolute path that something in the environment holds leads to, once the image is in use. */
import type { ByteString } from 'squashfs-writer/paths'
import type { Subject } from './finding.js'
import { isBelow } from './locality.js'
import { futurePath } from './relocation.js'

export interface PathTarget {
  /**
   * - `inside`: into the environment, also where it will be mounted;
   * - `left behind`: to where the environment lies now, or was made, and the image may not be;
   * - `outside`: anywhere else.
   */
  readonly kind: 'inside' | 'left behind' | 'outside'
  /** The path from the environment on; null outside of it. */
  readonly inner: ByteString | null
}

export function pathTargetOf(
  path: ByteString,
  { inventory, relocation, circumstances }: Subject,
): PathTarget {
  const { madeFor, relocatable, isSamePlace } = relocation
  const future = futurePath(relocation, circumstances.mountPoint)
  const places = [...(future === undefined ? [] : [future]), inventory.path, inventory.realPath]
  const place = [...places, ...(relocatable ? [] : [madeFor])].find((folder) => isBelow(path, folder))
  if (place === undefined) return { kind: 'outside', inner: null }
  const inner = path.slice(place.length + 1)
  const stays = future !== undefined && isSamePlace(place, future)
  return { kind: stays ? 'inside' : 'left behind', inner }
}
