/** A directory tree that a case packs or reads: found, made or mounted when the case begins. */

import { statSync } from 'node:fs'

export interface Tree {
  /** Its content, in a few words. */
  readonly description: string
  /** Set where the number and size of its files say nothing about the case. */
  readonly uncounted?: boolean
  /** Another process that works while the tree is read, so that its CPU time is no disturbance. */
  readonly servedBy?: string
  /** Has the tree at hand while `body` runs, and clears up after it whatever must not stay. */
  readonly use: <Result>(body: (tree: TreeAtHand) => Promise<Result>, signal: AbortSignal) => Promise<Result>
  /** Of a tree that shows another one at a special place, such as a slow filesystem: shows the given one there. */
  readonly placed?: (tree: Tree) => Tree
}

export interface TreeAtHand {
  readonly directory: string
  /** Where the tree can be counted quickly, if not in `directory`. */
  readonly source?: string
  /** Of a filesystem that counts: the calls it answered since the last time this was asked. */
  readonly calls?: () => Promise<Calls>
}

/** How often a filesystem was asked. */
export interface Calls {
  readonly metadata: number
  readonly reads: number
}

/** A tree that is already there. */
export function existingTree(directory: string): Tree {
  if (!statSync(directory, { throwIfNoEntry: false })?.isDirectory()) {
    throw new Error(`${directory} is not a directory. Give --tree one that is there.`)
  }
  return { description: 'a tree given on the command line', use: (body) => body({ directory }) }
}
