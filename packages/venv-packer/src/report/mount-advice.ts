/** How to mount the image: at which place, and the exact line for each tool that can. */
import { basename, dirname, extname, join } from 'node:path'
import { shellWord } from './shell-word.js'

/** The tools in the order in which a user of a cluster meets them. */
export const mountTools = ['uenv', 'squashfs-mount', 'mount', 'squashfuse'] as const
export type MountTool = (typeof mountTools)[number]

export interface MountAdvice {
  /** The folder at which the lines mount the image, absolute. */
  readonly point: string
  /** False for an environment that works at this one path alone. */
  readonly anywhere: boolean
  /** The line for each tool, quoted for a shell; null where the tool cannot mount at this place or from this path. */
  readonly commands: Readonly<Record<MountTool, string | null>>
}

export interface MountSubject {
  /** Absolute path of the image. */
  readonly image: string
  /** Absolute path of the environment that was packed. */
  readonly environment: string
  /** True when what is packed works wherever it is mounted. */
  readonly anywhere: boolean
  /** Whether a path is free to be mounted at: nothing there, or an empty folder. */
  readonly isFree: (path: string) => boolean
}

export function mountAdvice(subject: MountSubject): MountAdvice {
  const { image, anywhere } = subject
  const point = mountPoint(subject)
  const pair = imageAndPoint(image, point)
  return {
    point,
    anywhere,
    commands: {
      uenv: pair && `uenv start --view=default prgenv-gnu/24.11:v1,${pair}`,
      'squashfs-mount': pair && `squashfs-mount ${pair} -- bash`,
      mount: `sudo mount -t squashfs -o loop,ro,nosuid,nodev ${shellWord(image)} ${shellWord(point)}`,
      squashfuse: `squashfuse ${shellWord(image)} ${shellWord(point)}`,
    },
  }
}

/**
 * What works anywhere is mounted beside its image, where every node sees it. The rest is mounted over the folder
 * that it was packed from: the only path at which it works.
 */
function mountPoint({ image, environment, anywhere, isFree }: MountSubject): string {
  if (!anywhere) return environment
  const name = basename(image, extname(image))
  const beside = join(dirname(image), name === basename(image) ? `${name}.mount` : name)
  return isFree(beside) ? beside : environment
}

/** IMAGE:MOUNT, the form of uenv and squashfs-mount. It knows no quoting, so that neither path may hold `:` or `,`. */
function imageAndPoint(image: string, point: string): string | null {
  return /[:,]/.test(image + point) ? null : shellWord(`${image}:${point}`)
}
