/** A step on the way to an environment: a program that is run, and what it means when it fails. */
import type { Mending } from '../errors/failure.js'

export interface Step {
  /** How people call it: `uv pip install`. */
  readonly name: string
  readonly program: string
  readonly args: readonly string[]
  readonly env: NodeJS.ProcessEnv
  /** Whether what it says is worth a look while it runs. */
  readonly talks: boolean
  /** Of the failure, when it fails. */
  readonly code: 'ENVIRONMENT' | 'INSTALL'
  readonly remedy: string
  /** What to do when there is no such program. */
  readonly missing: string
  /** Of both, where their codes do not say it. */
  readonly mending?: Mending
}

/** One after the other. */
export interface Steps {
  readonly make: Step
  readonly install: Step
}

/** What is to be in an environment, and of which Python it is. */
export interface Wishes {
  /** A version or a path; undefined: the tool's own choice. */
  readonly python: string | undefined
  /** Files in the format of pip's requirements. */
  readonly requirements: readonly string[]
  readonly packages: readonly string[]
  /** Options for the program that installs, untouched. */
  readonly passedOn: readonly string[]
  /** Whether the modules are compiled when they are packed, so that nothing needs to do it before. */
  readonly compiles: boolean
}

/** What is to be installed, as pip and uv both take it. */
export function installArguments({ requirements, packages, passedOn }: Wishes): readonly string[] {
  return [...requirements.flatMap((file) => ['-r', file]), ...packages, ...passedOn]
}
