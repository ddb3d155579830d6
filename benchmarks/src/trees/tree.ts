// A directory tree that a case packs: found, made or mounted when the case begins.

import { statSync } from 'node:fs'

export interface Tree {
  /** What is in it, in a few words. */
  readonly description: string
  /** Another process that works while the tree is read, so that its CPU time is no disturbance. */
  readonly servedBy?: string
  /** Has the tree at hand while `body` runs, and clears up after it whatever must not stay. */
  readonly use: <Result>(body: (directory: string) => Promise<Result>, signal: AbortSignal) => Promise<Result>
}

/** A tree that is already there. */
export function existingTree(directory: string): Tree {
  if (!statSync(directory, { throwIfNoEntry: false })?.isDirectory()) {
    throw new Error(`${directory} is not a folder. Give --tree one that is there.`)
  }
  return { description: 'a tree given on the command line', use: (body) => body(directory) }
}
