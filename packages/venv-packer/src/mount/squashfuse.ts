/** squashfuse: mounts the image at a folder where all of the user's processes see it, and unmounts it when the last command ends. */
import type { Machine } from './machine.js'
import { impossible, lostInShell, type Mounting, type Plan, type Way } from './method.js'

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
  plan: (machine: Machine, { image, identity, shared: point }: Mounting): Plan => {
    if (point === undefined) return impossible('it mounts at a directory of its own only')
    const found = squashfuseOf(machine)
    if (!found.usable) return impossible(found.reason)
    const unmount = unmountLine(machine, point)
    if (unmount === undefined) return impossible('fusermount3 is not installed')
    const { flock } = machine.programs
    if (flock === undefined) return impossible('flock is not installed')
    const source = sourceOf(identity)
    const mount = [found.program, '-o', `${squashfuseOptions},fsname=${source}`, image, point]
    return {
      possible: true,
      shared: { point, source, mount, unmount, flock },
      around: (command) => command,
      loses: lostInShell,
    }
  },
}

/** How a mount of an image's file is called, so that another run can tell what is mounted. */
export function sourceOf(identity: string): string {
  return `venv-packer:${identity}`
}

/** Lazily: a process that the command left behind may go on reading, but nothing stays in the way. */
function unmountLine({ uid, programs }: Machine, point: string): readonly string[] | undefined {
  const fusermount = programs.fusermount3 ?? programs.fusermount
  if (fusermount !== undefined) return [fusermount, '-u', '-z', point]
  return uid === 0 && programs.umount !== undefined ? [programs.umount, '--lazy', point] : undefined
}
