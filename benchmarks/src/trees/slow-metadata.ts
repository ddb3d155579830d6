// A tree on a filesystem where every metadata call takes its time: what a cluster's filesystem does, on one
// machine. The stand-in adds no xattrs here, so that all packers have the same to do.

import { withLustre } from 'fixtures'
import type { Tree } from './tree.js'

export function withSlowMetadata(tree: Tree, milliseconds: number): Tree {
  return {
    description: `${tree.description}, every metadata call delayed by ${milliseconds} ms`,
    servedBy: 'the stand-in filesystem',
    use: (body, signal) =>
      tree.use(
        (directory) =>
          withLustre(directory, { delay: milliseconds, xattrs: [] }, ({ folder }) => body(folder)),
        signal,
      ),
  }
}
