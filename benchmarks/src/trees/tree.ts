/** A directory tree that a case packs or reads. It is found, created or mounted when the case starts. */

import { statSync } from 'node:fs'

export interface Tree {
  /** Describes the content in a few words. */
  readonly description: string
  /** Set if the number and size of the files do not matter for the case. They are then not reported. */
  readonly uncounted?: boolean
  /** The name of a process that serves the tree. Its CPU time is expected, so there is no warning about other load. */
  readonly servedBy?: string
  /** Provides the tree, calls `body`, then removes temporary files and mounts. Resolves to the result of `body`. */
  readonly use: <Result>(body: (tree: TreeAtHand) => Promise<Result>, signal: AbortSignal) => Promise<Result>
  /**
   * Only for a tree that shows another one in a special place, such as a slow filesystem: returns a tree that shows the
   * given one there.
   */
  readonly placed?: (tree: Tree) => Tree
}

/** A tree while it is in use. */
export interface TreeAtHand {
  readonly directory: string
  /** A directory with the same tree in which it can be counted quickly. `directory` if absent. */
  readonly source?: string
  /** Only for a filesystem that counts calls: resolves to the number of calls since this was last called. */
  readonly calls?: () => Promise<Calls>
}

/** The number of calls to a filesystem. */
export interface Calls {
  readonly metadata: number
  readonly reads: number
}

/**
 * Returns a tree for an existing directory.
 * @throws Error if there is no such directory.
 */
export function existingTree(directory: string): Tree {
  if (!statSync(directory, { throwIfNoEntry: false })?.isDirectory()) {
    throw new Error(`${directory} is not a directory. Give --tree one that is there.`)
  }
  return { description: 'a tree given on the command line', use: (body) => body({ directory }) }
}
