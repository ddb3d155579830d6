/** mount: for root, the kernel mounts the image in a mount namespace of the command's own. */
import type { Machine } from './machine.js'
import { apart, impossible, lostInShell, type Mounting, type Plan, type Way } from './method.js'

/** $1 mount(8), $2 the image, $3 the mount point; what follows is run. */
const mountAndRun = `"$1" --no-mtab -t squashfs -o loop,ro,nosuid,nodev "$2" "$3" ${apart} && shift 3 && exec "$@"`

export const kernelMount: Way = {
  name: 'mount',
  plan: ({ uid, programs }: Machine, { image, point }: Mounting): Plan => {
    if (uid !== 0) return impossible('only root may mount')
    const { unshare, mount } = programs
    if (unshare === undefined || mount === undefined) return impossible('unshare or mount is not installed')
    return {
      possible: true,
      // A slave sees what is mounted on the machine later on (home folders by automount), and shows nothing of its own.
      around: (command) => [
        ...[unshare, '--mount', '--propagation', 'slave'],
        ...['/bin/sh', '-c', mountAndRun, 'sh', mount, image, point],
        ...command,
      ],
      loses: lostInShell,
    }
  },
}
