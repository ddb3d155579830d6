/** The machine on which the figures were measured: as much as makes them comparable, nothing that names the machine. */

import { cpus } from 'node:os'

export interface Machine {
  readonly cpuModel: string
  readonly cores: number
}

export function thisMachine(cores: number): Machine {
  return { cpuModel: cpus()[0]?.model.trim() ?? 'unknown CPU', cores }
}
