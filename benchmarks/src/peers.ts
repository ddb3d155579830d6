/** Peers: other versions of the compared programs, named on the command line. */

import { execFileSync } from 'node:child_process'
import { programVersion } from './packers/program-version.js'
import type { Contender } from './scenario.js'

export interface Peers {
  /** Paths of other Node versions. venv-packer also runs on each of them. */
  readonly nodes: readonly string[]
  /** The path of another mksquashfs. */
  readonly mksquashfs: string | undefined
}

/** Returns the contenders, each followed by the same contender with other versions. */
export function withPeers(contenders: readonly Contender[], { nodes, mksquashfs }: Peers): Contender[] {
  return contenders.flatMap((contender) => {
    if (contender.name.startsWith('venv-packer'))
      return [contender, ...nodes.map((node) => onNode(contender, node))]
    if (contender.name === 'mksquashfs' && mksquashfs !== undefined)
      return [contender, otherMksquashfs(contender, mksquashfs)]
    return [contender]
  })
}

function onNode(contender: Contender, node: string): Contender {
  const version = execFileSync(node, ['--version'], { encoding: 'utf8' }).trim()
  const [major] = version.slice(1).split('.')
  return {
    ...runBy(node, contender),
    name: `${contender.name} on Node ${major}`,
    version: async () => `Node ${version}`,
  }
}

function otherMksquashfs(contender: Contender, path: string): Contender {
  const version = () => programVersion(path, ['-version'], 'squashfs-tools')
  return {
    ...runBy(path, contender),
    name: 'the other mksquashfs',
    version: async () => `the other mksquashfs ${await version()}`,
  }
}

/** Replaces the program of the command, that is its first word. */
function runBy(program: string, contender: Contender): Contender {
  return { ...contender, command: (job) => [program, ...contender.command(job).slice(1)] }
}
