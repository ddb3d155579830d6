/** All scenarios, and the lookup by their name on the command line. */

import type { Scenario } from '../scenario.js'
import { base } from './base.js'
import { cores } from './cores.js'
import { gzip3, gzip9 } from './gzip.js'
import { largeVenv } from './large-venv.js'
import { lustre } from './lustre.js'
import { read } from './read.js'
import { slowMetadata } from './slow-metadata.js'
import { smallFiles } from './small-files.js'
import { sparse } from './sparse.js'
import { startup } from './startup.js'
import { venv } from './venv.js'

export const DEFAULT_SCENARIO = venv

export const SCENARIOS: readonly Scenario[] = [
  venv,
  largeVenv,
  gzip9,
  gzip3,
  smallFiles,
  sparse,
  cores,
  startup,
  slowMetadata,
  lustre,
  base,
  read,
]

/** @throws Error if there is no scenario with this name. */
export function scenarioNamed(name: string): Scenario {
  const scenario = SCENARIOS.find((one) => one.name === name)
  if (scenario === undefined) {
    throw new Error(
      `There is no scenario "${name}". There are: ${SCENARIOS.map((one) => one.name).join(', ')}`,
    )
  }
  return scenario
}
