/** Makes the command lines that mount an image, for each tool, and chooses the mount point in them. */
import { basename, dirname, extname, join } from 'node:path'
import type { Machine } from '../../mount/machine.js'
import { squashfsMountArgument } from '../../mount/methods.js'
import { shellWord, UNPRINTABLE } from '../../terminal/printable.js'

/** The tools, in the order in which a user of a cluster is likely to have them. */
export const MOUNT_TOOLS = [
  'venv-packer',
  'uenv',
  'slurm',
  'squashfs-mount',
  'apptainer',
  'container-engine',
  'mount',
  'squashfuse',
] as const
export type MountTool = (typeof MOUNT_TOOLS)[number]

export interface MountAdvice {
  /** The mount point in the command lines, absolute. */
  readonly point: string
  /** False for an environment that works at one path only. */
  readonly anywhere: boolean
  /** The command line for each tool, quoted for a shell; null if the tool does not accept the paths. */
  readonly commands: Readonly<Record<MountTool, string | null>>
}

export interface MountAdviceInput {
  /** The absolute path of the image. */
  readonly image: string
  /** The absolute path of the environment that was packed. */
  readonly environment: string
  /** False for a directory that is not a virtual environment. */
  readonly venv: boolean
  /** True when the environment works wherever it is mounted. */
  readonly anywhere: boolean
  /** The mount point of the image, absolute; undefined if the user did not say. */
  readonly mountPoint: string | undefined
  /** Whether a path can be a mount point: it does not exist, or is an empty directory. */
  readonly isFree: (path: string) => boolean
  /** The form of arguments of the installed squashfs-mount. */
  readonly squashfsMountForm: Machine['squashfsMountForm']
}

export function mountAdvice(context: MountAdviceInput): MountAdvice {
  const { image, anywhere } = context
  const point = context.mountPoint ?? defaultPoint(context)
  const uenvs = withUenv(image, point)
  const squashfsMount = squashfsMountArgument(context.squashfsMountForm, { image, point })
  return {
    point,
    anywhere,
    commands: {
      'venv-packer': `venv-packer run ${runArguments(context, point)}`,
      uenv: uenvs && `uenv start --view=default ${uenvs}`,
      slurm: uenvs && `#SBATCH --uenv=${uenvs} --view=default`,
      'squashfs-mount': squashfsMount && `squashfs-mount ${shellWord(squashfsMount)} -- bash`,
      apptainer: `apptainer exec --mount ${shellWord(bindMount(image, point))} CONTAINER.sif bash`,
      'container-engine': containerEngineMounts(image, point),
      mount: `sudo mount -t squashfs -o loop,ro,nosuid,nodev ${shellWord(image)} ${shellWord(point)}`,
      squashfuse: `squashfuse ${shellWord(image)} ${shellWord(point)}`,
    },
  }
}

/**
 * A relocatable environment is mounted beside its image, where every node sees it. Another one is mounted over the directory that
 * it was packed from, the only path at which it works.
 */
function defaultPoint({ image, environment, anywhere, isFree }: MountAdviceInput): string {
  if (!anywhere) return environment
  const name = basename(image, extname(image))
  const beside = join(dirname(image), name === basename(image) ? `${name}.mount` : name)
  return isFree(beside) ? beside : environment
}

/** `run` finds the mount point of an environment itself. For another directory it needs `--at`. */
function runArguments({ image, venv }: MountAdviceInput, point: string): string {
  return venv ? `${shellWord(image)} -- python` : `--at ${shellWord(point)} ${shellWord(image)} -- bash`
}

/** `UENV,IMAGE:MOUNT` mounts an image together with a uenv. uenv accepts paths of letters, digits and `/ . _ -` only. */
function withUenv(image: string, point: string): string | null {
  return /^[\w./-]+$/.test(image + point) ? `prgenv-gnu/24.11:v1,${image}:${point}` : null
}

/** Apptainer's mount option: fields of a CSV line. */
function bindMount(image: string, point: string): string {
  return ['type=bind', `src=${image}`, `dst=${point}`, 'image-src=/'].map(csvField).join(',')
}

function csvField(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

/** A line for the environment definition file of the container engine at CSCS, which is TOML and expands `$`. */
function containerEngineMounts(image: string, point: string): string | null {
  if (/[:$]/.test(image + point) || (image + point).search(UNPRINTABLE) >= 0) return null
  return `mounts = [${JSON.stringify(`${image}:${point}:sqsh`)}]`
}
