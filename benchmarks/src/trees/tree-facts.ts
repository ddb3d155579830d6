/** The size of a tree. Inodes are counted as in an image: hard links to an inode count as one. */

import { lstatSync, readdirSync } from 'node:fs'

export interface TreeFacts {
  readonly inodes: number
  readonly files: number
  /** Sum of the file sizes in bytes, with holes. */
  readonly bytes: number
}

export function treeFacts(root: string): TreeFacts {
  const linked = new Set<string>()
  const waiting = [Buffer.from(root)]
  let inodes = 1
  let files = 0
  let bytes = 0

  for (let directory = waiting.pop(); directory !== undefined; directory = waiting.pop()) {
    for (const name of readdirSync(directory, { encoding: 'buffer' })) {
      const path = Buffer.concat([directory, Buffer.from('/'), name])
      const stats = lstatSync(path)
      if (stats.isDirectory()) waiting.push(path)
      else if (stats.nlink > 1) {
        const inode = `${stats.dev}:${stats.ino}`
        if (linked.has(inode)) continue
        linked.add(inode)
      }
      inodes += 1
      if (stats.isFile()) {
        files += 1
        bytes += stats.size
      }
    }
  }
  return { inodes, files, bytes }
}
