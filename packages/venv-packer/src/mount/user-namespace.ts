/**
 * user-namespace: squashfuse mounts the image in a user and mount namespace of the command's own; no one else sees it.
 *
 * A FUSE mount lives as long as its daemon, and a mount namespace as long as a process in it. Were the daemon in the
 * command's namespace, each would keep the other alive for ever. So it gets one of its own: there it mounts, which shows
 * in the command's namespace as well, and there alone the mount is taken away again. When the command's last process
 * ends, the mount goes with its namespace, and with the mount the daemon. Nobody has to be there to clean up.
 */
import type { Machine } from './machine.js'
import { apart, impossible, lostInShell, type Mounting, type Plan, type Way } from './method.js'
import { squashfuseOf, squashfuseOptions } from './squashfuse.js'

/**
 * $1 squashfuse, $2 its options, $3 the image, $4 the mount point, $5 mount(8), $6 umount(8). Once the daemon runs, this goes
 * on to its end, or takes the mount away again: otherwise the daemon would stay, in a namespace that no one can enter.
 */
const mountForTheOther = `trap '' HUP INT QUIT TERM USR1 USR2 ALRM
"$1" -o "$2" "$3" "$4" ${apart} || exit
"$5" --make-rprivate / && "$6" --no-mtab "$4" && exit
"$6" --no-mtab --lazy "$4"
exit 1`

/** $1 unshare, $2 the script above, $3 to $8 its arguments; what follows is run. */
const mountAndRun =
  '"$1" --mount --propagation unchanged /bin/sh -c "$2" sh "$3" "$4" "$5" "$6" "$7" "$8" && shift 8 && exec "$@"'

export const userNamespace: Way = {
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
        ...['/bin/sh', '-c', mountAndRun, 'sh', unshare, mountForTheOther],
        ...[squashfuse.program, squashfuseOptions, image, point, mount, umount],
        // Only root may mount, even here; the command is its user again.
        ...[unshare, '--user', `--map-user=${machine.uid}`, `--map-group=${machine.gid}`, '--'],
        ...command,
      ],
      loses: lostInShell,
    }
  },
}
