/** squashfs-mount: CSCS's setuid program, which mounts with the kernel in a namespace of its own and runs a command there. */
import type { Machine } from './machine.js'
import { impossible, lostInShell, type Mounting, type Plan, type Way } from './method.js'

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

/** What the loader takes away from a setuid program (glibc's unsecvars.h). */
const lostInSetuid =
  /^(LD_.*|MALLOC_.*|GLIBC_TUNABLES|GCONV_PATH|GETCONF_DIR|HOSTALIASES|LOCALDOMAIN|LOCPATH|NIS_PATH|NLSPATH|RESOLV_HOST_CONF|RES_OPTIONS|TMPDIR|TZDIR)$/

export const squashfsMount: Way = {
  name: 'squashfs-mount',
  plan: (machine: Machine, mounting: Mounting): Plan => {
    const program = machine.programs['squashfs-mount']
    if (program === undefined) return impossible('it is not installed')
    const argument = squashfsMountArgument(machine.squashfsMountForm, mounting)
    if (argument === null) return impossible('its form IMAGE:MOUNT cannot say these paths')
    return {
      possible: true,
      around: (command) => [program, argument, '--', ...command],
      loses: (variable) => lostInSetuid.test(variable) || lostInShell(variable),
    }
  },
}
