/**
 * A tree on a filesystem where every metadata call takes its time, as on a cluster's filesystem, on one machine. The stand-
 * in adds no xattrs here, so that all packers have the same to do.
 */

import { type LustreMount, METADATA_CALLS, withLustre } from 'fixtures'
import type { Calls, Tree, TreeAtHand } from './tree.js'

/** The process that answers for a tree's filesystem. */
export const SERVED_BY = 'the stand-in filesystem'

export function withSlowMetadata(tree: Tree, milliseconds: number): Tree {
  return {
    description: `${tree.description}, every metadata call delayed by ${milliseconds} ms`,
    servedBy: SERVED_BY,
    use: (body, signal) =>
      tree.use(({ directory }) => onSlowMetadata(directory, milliseconds, directory, body), signal),
    placed: (other) => withSlowMetadata(other, milliseconds),
  }
}

/**
 * Has a directory at hand on slow metadata; the tree that counts is at `source`.
 * @param delaysReads whether every read takes as long.
 */
export function onSlowMetadata<Result>(
  directory: string,
  milliseconds: number,
  source: string,
  body: (tree: TreeAtHand) => Promise<Result>,
  delaysReads = false,
): Promise<Result> {
  return withLustre(directory, { delay: milliseconds, delaysReads, xattrs: [] }, (lustre) =>
    body({ directory: lustre.directory, source, calls: () => callsTo(lustre) }),
  )
}

async function callsTo(lustre: LustreMount): Promise<Calls> {
  return callsOf(await lustre.calls())
}

/** All metadata calls together, and the reads; nothing that is neither, as closing a file. */
export function callsOf(counts: Readonly<Record<string, number>>): Calls {
  return {
    metadata: METADATA_CALLS.reduce((sum, call) => sum + (counts[call] ?? 0), 0),
    reads: counts.read ?? 0,
  }
}
