/** A directory with one large file: either full of data, or a single hole. */

import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { keptTree } from './kept-tree.js'
import { randomBytes } from './random-bytes.js'
import type { Tree } from './tree.js'

const GIB = 1024 ** 3
const CHUNK = 1024 ** 2

export function oneFullFile(gibibytes: number): Tree {
  return keptTree(
    `full-file-${gibibytes}-gib`,
    `one file of ${gibibytes} GiB of data`,
    async (directory, signal) => {
      const file = await open(join(directory, 'full'), 'wx')
      try {
        for (let chunk = 0; chunk < (gibibytes * GIB) / CHUNK; chunk += 1) {
          signal.throwIfAborted()
          await file.writeFile(randomBytes(chunk, CHUNK))
        }
      } finally {
        await file.close()
      }
    },
  )
}

export function oneHole(gibibytes: number): Tree {
  return keptTree(
    `hole-${gibibytes}-gib`,
    `one file of ${gibibytes} GiB that is all hole`,
    async (directory) => {
      const file = await open(join(directory, 'hole'), 'wx')
      try {
        await file.truncate(gibibytes * GIB)
      } finally {
        await file.close()
      }
    },
  )
}
