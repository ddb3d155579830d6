/** What makes an environment the active one for a command: the variables that `bin/activate` sets, set by env(1). */
import type { CommandLine } from './method.js'

/** Where programs are looked for when no one says so (confstr's `_CS_PATH`). */
const defaultPath = '/bin:/usr/bin'

export interface Activation {
  /** Where the image will be mounted. */
  readonly point: string
  /** Whether it holds a virtual environment. */
  readonly isVenv: boolean
  readonly env: NodeJS.ProcessEnv
  /** Variables that must be handed over by name. */
  readonly loses: (variable: string) => boolean
}

/** The command in the environment that is mounted at the point. */
export function activated(command: CommandLine, { point, isVenv, env, loses }: Activation): CommandLine {
  const handedOver = Object.entries(env).flatMap(([name, value]) => (loses(name) ? [`${name}=${value}`] : []))
  return [
    '/usr/bin/env',
    ...(env.PYTHONHOME === undefined ? [] : ['-u', 'PYTHONHOME']),
    ...handedOver,
    ...(isVenv ? [`VIRTUAL_ENV=${point}`] : []),
    `PATH=${point}/bin:${env.PATH || defaultPath}`,
    ...command,
  ]
}
