/** How to use the image: at which place to mount it, and the exact line for each tool that can. */
import { basename, dirname, extname, join } from 'node:path'
import type { Machine } from '../../mount/machine.js'
import { squashfsMountArgument } from '../../mount/methods.js'
import { shellWord, UNPRINTABLE } from '../../terminal/printable.js'

/** The tools in the order in which a user of a cluster meets them. */
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
  /** The directory at which the lines mount the image, absolute. */
  readonly point: string
  /** False for an environment that works at one path alone. */
  readonly anywhere: boolean
  /** The line for each tool, quoted for a shell; null where the tool cannot say these paths. */
  readonly commands: Readonly<Record<MountTool, string | null>>
}

export interface MountAdviceInput {
  /** Absolute path of the image. */
  readonly image: string
  /** Absolute path of the environment that was packed. */
  readonly environment: string
  /** False for a directory that is no virtual environment. */
  readonly venv: boolean
  /** True when the environment works wherever it is mounted. */
  readonly anywhere: boolean
  /** Where it will be mounted, absolute, if that was said. */
  readonly mountPoint: string | undefined
  /** Whether a path is free to be mounted at: nothing there, or an empty directory. */
  readonly isFree: (path: string) => boolean
  /** How the squashfs-mount that is installed takes an image. */
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
 * An environment that works anywhere is mounted beside its image, where every node sees it. The rest is mounted over the directory
 * that it was packed from: the only path at which it works.
 */
function defaultPoint({ image, environment, anywhere, isFree }: MountAdviceInput): string {
  if (!anywhere) return environment
  const name = basename(image, extname(image))
  const beside = join(dirname(image), name === basename(image) ? `${name}.mount` : name)
  return isFree(beside) ? beside : environment
}

/** An environment is mounted where it works, unsaid; another directory's place has to be said. */
function runArguments({ image, venv }: MountAdviceInput, point: string): string {
  return venv ? `${shellWord(image)} -- python` : `--at ${shellWord(point)} ${shellWord(image)} -- bash`
}

/** An image beside the one of a uenv: `UENV,IMAGE:MOUNT`. uenv takes paths of letters, digits and `/ . _ -` only. */
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

/** For the environment definition file, which is TOML and puts variables in for `$`. Of the container engine at CSCS. */
function containerEngineMounts(image: string, point: string): string | null {
  if (/[:$]/.test(image + point) || (image + point).search(UNPRINTABLE) >= 0) return null
  return `mounts = [${JSON.stringify(`${image}:${point}:sqsh`)}]`
}
