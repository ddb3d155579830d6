/** How large a tree is, counted as an image counts: hard links once. */

import { lstatSync, readdirSync } from 'node:fs'

export interface TreeFacts {
  readonly inodes: number
  readonly files: number
  /** Bytes of content of all files, holes included. */
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
