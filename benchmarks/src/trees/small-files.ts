/**
 * A large number of small files with the same size and different contents. A duplicate check that compares each file
 * with all others of its size takes quadratic time here.
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
  /** The maximum number of files in a directory, and of directories in a `part-` directory. */
  readonly perDirectory: number
}

export function smallFiles({ count, perDirectory }: SmallFiles): Tree {
  const description = `${count.toLocaleString('en')} different files of ${FILE_SIZE.toLocaleString('en')} bytes, ${perDirectory.toLocaleString('en')} in a directory`
  return keptTree(`small-files-${count}-by-${perDirectory}`, description, async (directory, signal) => {
    for (let number = 0; number < count; number += 1) {
      const path = join(directory, smallFilePath(number, perDirectory))
      if (number % perDirectory === 0) {
        mkdirSync(dirname(path), { recursive: true })
        // Let the event loop handle signals.
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

/** The content starts with the number of the file, so that all files differ whatever the generator returns. */
function smallFileContent(number: number): Uint8Array {
  const content = randomBytes(number, FILE_SIZE)
  new DataView(content.buffer).setUint32(0, number)
  return content
}
