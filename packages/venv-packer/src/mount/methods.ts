/** Defines the mount methods. Each one plans, for a machine, the command line that runs a command with an image mounted. */
import type { Machine } from './machine.js'

/**
 * The redirections of a mounting program in a script. It gets no input, and its output goes to standard error, which `run` reads.
 * File descriptor 3 is the command's standard error (see `run-mounted.ts`): a daemon must not keep it open.
 */
const MOUNT_STREAMS = '</dev/null >&2 3>&-'

/** The absolute path of a program, and its arguments. It is not interpreted by a shell. */
export type CommandLine = readonly string[]

/** An image and its mount point. Paths are absolute. */
export interface Mounting {
  readonly image: string
  /** The same for all hard links of the image's file. */
  readonly identity: string
  /** An existing directory. */
  readonly point: string
  /** Our own directory for a mount that other processes see; undefined if the user chose the mount point. */
  readonly shared: string | undefined
}

/** The methods by name, in the order in which they are tried. */
export const MOUNT_METHOD_NAMES = ['squashfs-mount', 'mount', 'user-namespace', 'squashfuse'] as const
export type MountMethodName = (typeof MOUNT_METHOD_NAMES)[number]

export type Plan =
  /** The method does not work on this machine. */
  | { readonly possible: false; readonly reason: string }
  | {
      readonly possible: true
      /** For a mount that other processes see, and that must be unmounted. */
      readonly shared?: SharedPlan
      /** Makes the command line that runs a command with the image mounted. */
      readonly wrap: (command: CommandLine) => CommandLine
      /** Whether the method removes an environment variable, so that it must be passed to the command in another form. */
      readonly drops: (variable: string) => boolean
    }

/** A mount that all processes of the user see. Concurrent runs share it, and the last one unmounts it. */
export interface SharedPlan {
  readonly point: string
  /** The mount source, as /proc/self/mountinfo shows it. */
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

/** Some shells remove variables whose names are not shell names, such as an exported function of bash (`BASH_FUNC_module%%`). */
export function isDroppedByShell(variable: string): boolean {
  return !/^[A-Za-z_][A-Za-z0-9_]*$/.test(variable)
}

/** $1 mount(8), $2 the image, $3 the mount point, then the command to run. */
const MOUNT_BY_KERNEL = `"$1" --no-mtab -t squashfs -o loop,ro,nosuid,nodev "$2" "$3" ${MOUNT_STREAMS} && shift 3 && exec "$@"`

/** For root: mounts the image with the kernel, in a mount namespace for the command. */
export const kernelMount: MountMethod = {
  name: 'mount',
  plan: ({ uid, programs }: Machine, { image, point }: Mounting): Plan => {
    if (uid !== 0) return impossible('only root may mount')
    const { unshare, mount } = programs
    if (unshare === undefined || mount === undefined) return impossible('unshare or mount is not installed')
    return {
      possible: true,
      // A slave namespace receives later mounts of the machine, such as automounted home directories, and propagates none.
      wrap: (command) => [
        ...[unshare, '--mount', '--propagation', 'slave'],
        ...['/bin/sh', '-c', MOUNT_BY_KERNEL, 'sh', mount, image, point],
        ...command,
      ],
      drops: isDroppedByShell,
    }
  },
}

/**
 * The argument `IMAGE:MOUNT` or `--sqfs=IMAGE:MOUNT`; null if it cannot express the paths. The squashfs-mount of uenv 9 and later
 * accepts letters, digits and `/ . _ -` only.
 */
export function squashfsMountArgument(
  form: Machine['squashfsMountForm'],
  { image, point }: Pick<Mounting, 'image' | 'point'>,
): string | null {
  const pair = `${image}:${point}`
  if (form === 'option') return /^[\w./-]+$/.test(image + point) ? `--sqfs=${pair}` : null
  return (image + point).includes(':') ? null : pair
}

/** Variables that the loader removes for a setuid program (glibc's unsecvars.h). */
const UNSAFE_IN_SETUID =
  /^(LD_.*|MALLOC_.*|GLIBC_TUNABLES|GCONV_PATH|GETCONF_DIR|HOSTALIASES|LOCALDOMAIN|LOCPATH|NIS_PATH|NLSPATH|RESOLV_HOST_CONF|RES_OPTIONS|TMPDIR|TZDIR)$/

/** The setuid program of CSCS mounts the image with the kernel in a new namespace, and runs the command there. */
export const squashfsMount: MountMethod = {
  name: 'squashfs-mount',
  plan: (machine: Machine, mounting: Mounting): Plan => {
    const program = machine.programs['squashfs-mount']
    if (program === undefined) return impossible('it is not installed')
    const argument = squashfsMountArgument(machine.squashfsMountForm, mounting)
    if (argument === null) return impossible('its argument IMAGE:MOUNT cannot express these paths')
    return {
      possible: true,
      wrap: (command) => [program, argument, '--', ...command],
      drops: (variable) => UNSAFE_IN_SETUID.test(variable) || isDroppedByShell(variable),
    }
  },
}

export const SQUASHFUSE_OPTIONS = 'ro,nosuid,nodev'

type Squashfuse =
  | { readonly usable: true; readonly program: string }
  | { readonly usable: false; readonly reason: string }

/** The program that mounts by FUSE, or the reason why there is none. squashfuse_ll is faster. */
export function squashfuseOf({ programs, fuse }: Machine): Squashfuse {
  const program = programs.squashfuse_ll ?? programs.squashfuse
  if (program === undefined) return { usable: false, reason: 'squashfuse is not installed' }
  if (fuse === 'missing') return { usable: false, reason: 'there is no /dev/fuse' }
  if (fuse === 'forbidden') return { usable: false, reason: '/dev/fuse may not be used' }
  return { usable: true, program }
}

/** squashfuse mounts the image where all processes of the user see it. The last run to end unmounts it. */
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
      wrap: (command) => command,
      drops: isDroppedByShell,
    }
  },
}

/** The mount source for an image's file, by which another run recognizes the mount. */
export function sourceOf(identity: string): string {
  return `venv-packer:${identity}`
}

/** A lazy unmount: background processes of the command can still read, and the mount point is free at once. */
function unmountLine({ uid, programs }: Machine, point: string): readonly string[] | undefined {
  const fusermount = programs.fusermount3 ?? programs.fusermount
  if (fusermount !== undefined) return [fusermount, '-u', '-z', point]
  return uid === 0 && programs.umount !== undefined ? [programs.umount, '--lazy', point] : undefined
}

/**
 * $1 squashfuse, $2 its options, $3 the image, $4 the mount point, $5 mount(8), $6 umount(8). The script ignores signals, so that it
 * either finishes or unmounts. Otherwise the daemon could stay in a namespace that no process can enter.
 */
const MOUNT_IN_DAEMON_NAMESPACE = `trap '' HUP INT QUIT TERM USR1 USR2 ALRM
"$1" -o "$2" "$3" "$4" ${MOUNT_STREAMS} || exit
"$5" --make-rprivate / && "$6" --no-mtab "$4" && exit
"$6" --no-mtab --lazy "$4"
exit 1`

/** $1 unshare, $2 the script above, $3 to $8 its arguments, then the command to run. */
const MOUNT_BY_SQUASHFUSE =
  '"$1" --mount --propagation unchanged /bin/sh -c "$2" sh "$3" "$4" "$5" "$6" "$7" "$8" && shift 8 && exec "$@"'

/**
 * squashfuse mounts the image in a user and mount namespace of the command. No other process sees it.
 *
 * A FUSE mount exists as long as its daemon runs, and a mount namespace as long as it has a process. If the daemon were in the command's
 * namespace, each would keep the other alive forever. Therefore the daemon gets its own namespace. It mounts there, the mount
 * propagates to the command's namespace, and is then unmounted in the daemon's namespace only. When the last process of the command
 * ends, its namespace ends with the mount, and the daemon ends with the mount. Nothing needs to be cleaned up.
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
      wrap: (command) => [
        ...[unshare, '--user', '--map-root-user', '--mount', '--propagation', 'shared'],
        ...['/bin/sh', '-c', MOUNT_BY_SQUASHFUSE, 'sh', unshare, MOUNT_IN_DAEMON_NAMESPACE],
        ...[squashfuse.program, SQUASHFUSE_OPTIONS, image, point, mount, umount],
        // Only root may mount, even in the namespace. A second user namespace gives the command its user's id again.
        ...[unshare, '--user', `--map-user=${machine.uid}`, `--map-group=${machine.gid}`, '--'],
        ...command,
      ],
      drops: isDroppedByShell,
    }
  },
}

export const mountMethods: readonly MountMethod[] = [squashfsMount, kernelMount, userNamespace, squashfuse]
