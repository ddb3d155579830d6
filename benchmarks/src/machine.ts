/** The machine on which the figures were measured: what is needed to compare them, but nothing that identifies it. */

import { cpus } from 'node:os'

export interface Machine {
  readonly cpuModel: string
  readonly cores: number
}

/** @param cores the number of cores that the contenders may use. */
export function thisMachine(cores: number): Machine {
  return { cpuModel: cpus()[0]?.model.trim() ?? 'unknown CPU', cores }
}
