/** Owners: checks that the distinct uids and gids of a tree fit into the id table. */
import { LimitError } from '../errors.js'
import { MAX_IDS } from '../format/limits.js'
import { toDisplay } from './byte-string.js'
import type { DirectoryNode, Node } from './node.js'
import { type InodeOrder, pathsOf } from './order.js'

/**
 * Checks the number of distinct uids and gids before anything is compressed.
 * @throws LimitError with the first path whose owner exceeds the limit.
 */
export function checkOwners(root: DirectoryNode, { leaves, levels }: InodeOrder): void {
  const owners = new Set<number>()
  for (const nodes of [leaves, ...levels]) {
    for (const node of nodes) {
      owners.add(node.uid).add(node.gid)
      if (owners.size > MAX_IDS) throw tooMany(root, node)
    }
  }
}

function tooMany(root: DirectoryNode, node: Node): LimitError {
  const path = toDisplay(pathsOf(root, new Set([node]))[0]?.[0] ?? '.')
  return new LimitError(
    `${path}: its owner ${node.uid}:${node.gid} is one too many; squashfs holds ${MAX_IDS} distinct user and group ` +
      "ids: give all files one owner (owner: 'root')",
  )
}
