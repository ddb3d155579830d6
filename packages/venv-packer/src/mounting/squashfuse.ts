/** squashfuse: mounts the image at a folder where all of the user's processes see it, and unmounts it when the command ends. */
import type { Machine } from './machine.js'
import { impossible, lostInShell, type Mounting, type Plan, type Way } from './way.js'

export const squashfuseOptions = 'ro,nosuid,nodev'

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

export const squashfuse: Way = {
  name: 'squashfuse',
  plan: (machine: Machine, { image, point, temporary }: Mounting): Plan => {
    if (!temporary) return impossible('it mounts at a temporary folder only')
    const found = squashfuseOf(machine)
    if (!found.usable) return impossible(found.reason)
    const unmount = unmountLine(machine, point)
    if (unmount === undefined) return impossible('fusermount3 is not installed')
    return {
      possible: true,
      outside: { mount: [found.program, '-o', squashfuseOptions, image, point], unmount },
      around: (command) => command,
      loses: lostInShell,
    }
  },
}

/** Lazily: a process that the command left behind may go on reading, but nothing stays in the way. */
function unmountLine({ uid, programs }: Machine, point: string): readonly string[] | undefined {
  const fusermount = programs.fusermount3 ?? programs.fusermount
  if (fusermount !== undefined) return [fusermount, '-u', '-z', point]
  return uid === 0 && programs.umount !== undefined ? [programs.umount, '--lazy', point] : undefined
}
