/**
 * Trees that take long to create are created once and kept in the workspace's `.fixtures` directory, which git ignores.
 * A tree gets its name only when it is complete; an incomplete one is created again.
 */

import { existsSync } from 'node:fs'
import { mkdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fixturesDirectory } from 'fixtures'
import type { Tree } from './tree.js'

/** Fills an empty directory. Stops early if the signal is aborted. */
type MakeTree = (directory: string, signal: AbortSignal) => Promise<void>

export function keptTree(name: string, description: string, make: MakeTree): Tree {
  return {
    description,
    use: async (body, signal) => {
      const directory = join(await fixturesDirectory('benchmarks'), name)
      if (!existsSync(directory)) await makeWhole(directory, make, signal)
      return await body({ directory })
    },
  }
}

async function makeWhole(directory: string, make: MakeTree, signal: AbortSignal): Promise<void> {
  console.error(`Making ${directory} (once)`)
  const unfinished = `${directory}.unfinished`
  await rm(unfinished, { recursive: true, force: true })
  await mkdir(unfinished, { recursive: true })
  await make(unfinished, signal)
  await rename(unfinished, directory)
}
