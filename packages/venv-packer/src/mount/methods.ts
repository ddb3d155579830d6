/** The methods of mounting: each plans, by the programs and rights of the machine, how a command runs with an image mounted. */
import type { Machine } from './machine.js'

/**
 * In a script: the streams of a program that mounts. It gets no input, reports to the process that waits for the mount, and keeps
 * neither the command's output open nor its standard error (which waits as number 3, see `run-mounted.ts`).
 */
const APART = '</dev/null >&2 3>&-'

/** A program by its absolute path, and its arguments. No shell ever reads it. */
export type CommandLine = readonly string[]

/** An image and its mount point; both absolute. */
export interface Mounting {
  readonly image: string
  /** Tells the image's file, for all names that it has. */
  readonly identity: string
  /** A directory that is there. */
  readonly point: string
  /** The directory of our own at which others may see the image; undefined where that is not wanted. */
  readonly shared: string | undefined
}

/** The methods by name, in the order in which they are tried. */
export const MOUNT_METHOD_NAMES = ['squashfs-mount', 'mount', 'user-namespace', 'squashfuse'] as const
export type MountMethodName = (typeof MOUNT_METHOD_NAMES)[number]

export type Plan =
  /** The reason why it does not work on this machine. */
  | { readonly possible: false; readonly reason: string }
  | {
      readonly possible: true
      /** How others come to see the mount too, where it does not end with the command. */
      readonly shared?: SharedPlan
      /** The line that runs a command with the image mounted. */
      readonly around: (command: CommandLine) => CommandLine
      /** Whether an environment variable does not reach the command. */
      readonly loses: (variable: string) => boolean
    }

/** A mount that all processes of the user see: runs at the same time use one, and the last of them takes it away. */
export interface SharedPlan {
  readonly point: string
  /** The source of the mount in /proc/self/mountinfo. */
  readonly source: string
  readonly mount: CommandLine
  readonly unmount: CommandLine
  /** The path of flock(1). */
  readonly flock: string
}

export interface MountMethod {
  readonly name: MountMethodName
  readonly plan: (machine: Machine, mounting: Mounting) => Plan
}

export function impossible(reason: string): Plan {
  return { possible: false, reason }
}

/** Some shells keep only what could be a variable of their own, and a function of bash (`BASH_FUNC_module%%`) could not. */
export function isDroppedByShell(variable: string): boolean {
  return !/^[A-Za-z_][A-Za-z0-9_]*$/.test(variable)
}

/** $1 mount(8), $2 the image, $3 the mount point; the rest is run. */
const MOUNT_BY_KERNEL = `"$1" --no-mtab -t squashfs -o loop,ro,nosuid,nodev "$2" "$3" ${APART} && shift 3 && exec "$@"`

/** For root: the kernel mounts the image in a mount namespace of the command's own. */
export const kernelMount: MountMethod = {
  name: 'mount',
  plan: ({ uid, programs }: Machine, { image, point }: Mounting): Plan => {
    if (uid !== 0) return impossible('only root may mount')
    const { unshare, mount } = programs
    if (unshare === undefined || mount === undefined) return impossible('unshare or mount is not installed')
    return {
      possible: true,
      // A slave sees later mounts of the machine (home directories by automount), and shows nothing of its own.
      around: (command) => [
        ...[unshare, '--mount', '--propagation', 'slave'],
        ...['/bin/sh', '-c', MOUNT_BY_KERNEL, 'sh', mount, image, point],
        ...command,
      ],
      loses: isDroppedByShell,
    }
  },
}

/**
 * IMAGE:MOUNT, as an argument; null where that form cannot say the paths. The program of uenv 9 and later takes letters,
 * digits and `/ . _ -` only.
 */
export function squashfsMountArgument(
  form: Machine['squashfsMountForm'],
  { image, point }: Pick<Mounting, 'image' | 'point'>,
): string | null {
  const pair = `${image}:${point}`
  if (form === 'option') return /^[\w./-]+$/.test(image + point) ? `--sqfs=${pair}` : null
  return (image + point).includes(':') ? null : pair
}

/** Variables that the loader takes away from a setuid program (glibc's unsecvars.h). */
const UNSAFE_IN_SETUID =
  /^(LD_.*|MALLOC_.*|GLIBC_TUNABLES|GCONV_PATH|GETCONF_DIR|HOSTALIASES|LOCALDOMAIN|LOCPATH|NIS_PATH|NLSPATH|RESOLV_HOST_CONF|RES_OPTIONS|TMPDIR|TZDIR)$/

/** CSCS's setuid program mounts with the kernel in a namespace of its own, and runs a command there. */
export const squashfsMount: MountMethod = {
  name: 'squashfs-mount',
  plan: (machine: Machine, mounting: Mounting): Plan => {
    const program = machine.programs['squashfs-mount']
    if (program === undefined) return impossible('it is not installed')
    const argument = squashfsMountArgument(machine.squashfsMountForm, mounting)
    if (argument === null) return impossible('its form IMAGE:MOUNT cannot say these paths')
    return {
      possible: true,
      around: (command) => [program, argument, '--', ...command],
      loses: (variable) => UNSAFE_IN_SETUID.test(variable) || isDroppedByShell(variable),
    }
  },
}

export const SQUASHFUSE_OPTIONS = 'ro,nosuid,nodev'

type Squashfuse =
  | { readonly usable: true; readonly program: string }
  | { readonly usable: false; readonly reason: string }

/** The program to mount with, the faster one first, or why there is none. */
export function squashfuseOf({ programs, fuse }: Machine): Squashfuse {
  const program = programs.squashfuse_ll ?? programs.squashfuse
  if (program === undefined) return { usable: false, reason: 'squashfuse is not installed' }
  if (fuse === 'missing') return { usable: false, reason: 'there is no /dev/fuse' }
  if (fuse === 'forbidden') return { usable: false, reason: '/dev/fuse may not be used' }
  return { usable: true, program }
}

/** squashfuse mounts at a directory that all of the user's processes see; the last command to end unmounts it. */
export const squashfuse: MountMethod = {
  name: 'squashfuse',
  plan: (machine: Machine, { image, identity, shared: point }: Mounting): Plan => {
    if (point === undefined) return impossible('it mounts at a directory of its own only')
    const found = squashfuseOf(machine)
    if (!found.usable) return impossible(found.reason)
    const unmount = unmountLine(machine, point)
    if (unmount === undefined) return impossible('fusermount3 is not installed')
    const { flock } = machine.programs
    if (flock === undefined) return impossible('flock is not installed')
    const source = sourceOf(identity)
    const mount = [found.program, '-o', `${SQUASHFUSE_OPTIONS},fsname=${source}`, image, point]
    return {
      possible: true,
      shared: { point, source, mount, unmount, flock },
      around: (command) => command,
      loses: isDroppedByShell,
    }
  },
}

/** The source of a mount of an image's file, by which another run recognizes it. */
export function sourceOf(identity: string): string {
  return `venv-packer:${identity}`
}

/** Lazily: a process that the command left behind may go on reading, but nothing stays in the way. */
function unmountLine({ uid, programs }: Machine, point: string): readonly string[] | undefined {
  const fusermount = programs.fusermount3 ?? programs.fusermount
  if (fusermount !== undefined) return [fusermount, '-u', '-z', point]
  return uid === 0 && programs.umount !== undefined ? [programs.umount, '--lazy', point] : undefined
}

/**
 * $1 squashfuse, $2 its options, $3 the image, $4 the mount point, $5 mount(8), $6 umount(8). Once the daemon runs, this goes
 * on to its end, or takes the mount away again: otherwise the daemon would stay, in a namespace that no one can enter.
 */
const MOUNT_IN_DAEMON_NAMESPACE = `trap '' HUP INT QUIT TERM USR1 USR2 ALRM
"$1" -o "$2" "$3" "$4" ${APART} || exit
"$5" --make-rprivate / && "$6" --no-mtab "$4" && exit
"$6" --no-mtab --lazy "$4"
exit 1`

/** $1 unshare, $2 the script above, $3 to $8 its arguments; the rest is run. */
const MOUNT_BY_SQUASHFUSE =
  '"$1" --mount --propagation unchanged /bin/sh -c "$2" sh "$3" "$4" "$5" "$6" "$7" "$8" && shift 8 && exec "$@"'

/**
 * squashfuse mounts the image in a user and mount namespace of the command's own; no other process sees it.
 *
 * A FUSE mount lives as long as its daemon, and a mount namespace as long as a process in it. If the daemon were in the
 * command's namespace, each would keep the other alive for ever. So the daemon gets a namespace of its own: it mounts there,
 * the mount shows in the command's namespace as well, and it is taken away again in the daemon's alone. When the command's
 * last process ends, the mount goes with its namespace, and the daemon with the mount. Nothing is left to clean up.
 */
export const userNamespace: MountMethod = {
  name: 'user-namespace',
  plan: (machine: Machine, { image, point }: Mounting): Plan => {
    const { unshare, mount, umount } = machine.programs
    if (unshare === undefined || mount === undefined || umount === undefined)
      return impossible('unshare, mount or umount is not installed')
    const squashfuse = squashfuseOf(machine)
    if (!squashfuse.usable) return impossible(squashfuse.reason)
    return {
      possible: true,
      around: (command) => [
        ...[unshare, '--user', '--map-root-user', '--mount', '--propagation', 'shared'],
        ...['/bin/sh', '-c', MOUNT_BY_SQUASHFUSE, 'sh', unshare, MOUNT_IN_DAEMON_NAMESPACE],
        ...[squashfuse.program, SQUASHFUSE_OPTIONS, image, point, mount, umount],
        // Only root may mount, even here; the command is its user again.
        ...[unshare, '--user', `--map-user=${machine.uid}`, `--map-group=${machine.gid}`, '--'],
        ...command,
      ],
      loses: isDroppedByShell,
    }
  },
}

export const mountMethods: readonly MountMethod[] = [squashfsMount, kernelMount, userNamespace, squashfuse]
