/**
 * A tree on a local stand-in for a cluster's filesystem, on which every metadata call is slow. The stand-in adds no
 * xattrs here, so that all packers do the same work.
 */

import { type LustreMount, METADATA_CALLS, withLustre } from 'fixtures'
import type { Calls, Tree, TreeAtHand } from './tree.js'

/** The name of the process that serves the filesystem. */
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
 * Mounts the stand-in with the content of a directory, and unmounts it when `body` is done.
 *
 * @param milliseconds the duration of every metadata call.
 * @param source the directory that is counted for the results; counting through the mount would be slow.
 * @param delaysReads whether every read takes as long as a metadata call.
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

/** Sums up the metadata calls, and takes the number of reads. Other calls, such as closing a file, are not counted. */
export function callsOf(counts: Readonly<Record<string, number>>): Calls {
  return {
    metadata: METADATA_CALLS.reduce((sum, call) => sum + (counts[call] ?? 0), 0),
    reads: counts.read ?? 0,
  }
}
