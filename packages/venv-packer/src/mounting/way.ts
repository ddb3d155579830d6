/** A way to run a command with an image mounted. Each is a plan made from what the machine offers; nothing is done yet. */
import type { Machine } from './machine.js'

/** A program by its absolute path, and its arguments. No shell ever reads it. */
export type CommandLine = readonly string[]

/** What is to be mounted where; both absolute. */
export interface Mounting {
  readonly image: string
  /** A folder that is there. */
  readonly point: string
  /** Whether that folder was made for this run alone. */
  readonly temporary: boolean
}

/** The ways by name, in the order in which they are tried. */
export const wayNames = ['squashfs-mount', 'mount', 'user-namespace', 'squashfuse'] as const
export type WayName = (typeof wayNames)[number]

export type Plan =
  /** Why it cannot be gone on this machine. */
  | { readonly possible: false; readonly reason: string }
  | {
      readonly possible: true
      /** What is to be done before and after, where the mount does not end with the command. */
      readonly outside?: { readonly mount: CommandLine; readonly unmount: CommandLine }
      /** The line that runs a command with the image mounted. */
      readonly around: (command: CommandLine) => CommandLine
      /** Whether an environment variable is lost on the way to the command. */
      readonly loses: (variable: string) => boolean
    }

export interface Way {
  readonly name: WayName
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
