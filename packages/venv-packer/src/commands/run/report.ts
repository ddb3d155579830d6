/** What `venv-packer run` says itself: the plan of a dry run, and little else, for the terminal is its command's. */

import type { CommandLine } from '../../mount/method.js'
import { packageVersion } from '../../package.js'
import { printable, shellWord } from '../../terminal/printable.js'
import { type PlannedWay, plannedWays, type RunPlan } from './plan.js'
import type { Obstacle } from './run.js'

/** The plan in words, or as JSON. */
export function reportRunPlan(plan: RunPlan, json: boolean): string {
  const ways = plannedWays(plan)
  return json ? planJson(plan, ways) : planWords(plan, ways)
}

/** For `--debug`: why the next way is tried. */
export function obstacleLine({ way, reason }: Obstacle): string {
  return `venv-packer: ${way}: ${printable(reason)}\n`
}

export function warningLine(warning: string): string {
  return `venv-packer: warning: ${printable(warning)}\n`
}

export function leftoverLine(message: string): string {
  return `venv-packer: something is left behind: ${printable(message)}\n`
}

function planWords(plan: RunPlan, ways: readonly PlannedWay[]): string {
  const { image, packed, point, request, warnings } = plan
  const lines = [
    `${printable(image.typed)} holds ${contents(packed)}.`,
    ...warnings.map((warning) => `Warning: ${printable(warning)}.`),
    `Mounted at ${printable(point)}, COMMAND is:`,
    '',
    `  ${[...activation(plan), ...request.command.map(shellWord)].join(' ')}`,
    '',
    'It is run by the first of these ways that can mount the image:',
    '',
    ...ways.flatMap(wayLines),
  ]
  return `${lines.join('\n')}\n`
}

function contents(packed: RunPlan['packed']): string {
  if (packed === undefined) return 'what venv-packer cannot look into'
  if (packed.config === undefined) return 'no virtual environment'
  const { relocatable, version } = packed.config
  return `a ${relocatable ? 'relocatable ' : ''}venv${version === undefined ? '' : ` of Python ${printable(version)}`}`
}

/** As a person would write it: PATH as it is, with the image's bin before it. */
function activation({ packed, point }: RunPlan): readonly string[] {
  const isVenv = packed === undefined || packed.config !== undefined
  const path = `PATH=${shellWord(`${point}/bin`)}:"$PATH"`
  return ['env', ...(isVenv ? [shellWord(`VIRTUAL_ENV=${point}`)] : []), path]
}

function wayLines(way: PlannedWay): readonly string[] {
  const { name, plan } = way
  const [first = '', ...more] = plan.possible
    ? linesOf(way, ['COMMAND']).map((line) => line.map(shellWord).join(' '))
    : [`not possible: ${printable(plan.reason)}`]
  return [`  ${name.padEnd(16)}${first}`, ...more.map((line) => `  ${''.padEnd(16)}${line}`)]
}

/** What would be run, one line after the other. */
function linesOf({ plan }: PlannedWay, command: CommandLine): readonly CommandLine[] {
  if (!plan.possible) return []
  const line = plan.around(command)
  return plan.shared === undefined ? [line] : [plan.shared.mount, line, plan.shared.unmount]
}

function planJson({ image, packed, point, shared, warnings }: RunPlan, ways: readonly PlannedWay[]): string {
  const report = {
    ok: true,
    command: 'run',
    version: packageVersion(),
    dryRun: true,
    image: image.path,
    source: {
      venv: packed === undefined ? null : packed.config !== undefined,
      relocatable: packed?.config?.relocatable ?? null,
      python: packed?.config?.version ?? null,
      madeFor: packed?.madeFor ?? null,
    },
    mountPoint: { path: point, temporary: shared !== undefined },
    warnings,
    ways: ways.map((way) => ({
      name: way.name,
      possible: way.plan.possible,
      reason: way.plan.possible ? null : way.plan.reason,
      lines: linesOf(way, way.command),
    })),
  }
  return `${JSON.stringify(report)}\n`
}
