/**
 * A great many small files, all of one size and all different: the tree on which a duplicate check that compares every file
 * with every other of its size takes the square of their number.
 */

import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { keptTree } from './kept-tree.js'
import { randomBytes } from './random-bytes.js'
import type { Tree } from './tree.js'

const FILE_SIZE = 1000

export interface SmallFiles {
  readonly count: number
  /** Files in a directory, and directories side by side. */
  readonly perDirectory: number
}

export function smallFiles({ count, perDirectory }: SmallFiles): Tree {
  const description = `${count.toLocaleString('en')} different files of ${FILE_SIZE.toLocaleString('en')} bytes, ${perDirectory.toLocaleString('en')} in a directory`
  return keptTree(`small-files-${count}-by-${perDirectory}`, description, async (directory, signal) => {
    for (let number = 0; number < count; number += 1) {
      const path = join(directory, smallFilePath(number, perDirectory))
      if (number % perDirectory === 0) {
        mkdirSync(dirname(path), { recursive: true })
        // A pause in which a signal can arrive.
        await setImmediate()
        signal.throwIfAborted()
      }
      writeFileSync(path, smallFileContent(number))
    }
  })
}

export function smallFilePath(number: number, perDirectory: number): string {
  const directory = Math.floor(number / perDirectory)
  return `part-${Math.floor(directory / perDirectory)}/directory-${directory}/file-${number}`
}

/** The number comes first, so that no two files are alike whatever the generator gives. */
function smallFileContent(number: number): Uint8Array {
  const content = randomBytes(number, FILE_SIZE)
  new DataView(content.buffer).setUint32(0, number)
  return content
}
