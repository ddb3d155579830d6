/** A method of mounting: it plans, from what the machine offers, how a command is run with an image mounted. */
import type { Machine } from './machine.js'

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
export const mountMethodNames = ['squashfs-mount', 'mount', 'user-namespace', 'squashfuse'] as const
export type MountMethodName = (typeof mountMethodNames)[number]

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

/**
 * In a script: the streams of a program that mounts. It is nobody's input, speaks to who waits for the mount, and keeps
 * neither the command's output open nor its standard error (which waits as number 3, see `run-mounted.ts`).
 */
export const apart = '</dev/null >&2 3>&-'

export function impossible(reason: string): Plan {
  return { possible: false, reason }
}

/** Some shells keep only what could be a variable of their own, and a function of bash (`BASH_FUNC_module%%`) could not. */
export function lostInShell(variable: string): boolean {
  return !/^[A-Za-z_][A-Za-z0-9_]*$/.test(variable)
}
