/** Makes the output of `venv-packer run` itself: the plan of a dry run, and short messages, since the terminal belongs to the command. */

import type { CommandLine } from '../../mount/methods.js'
import { packageVersion } from '../../package.js'
import { printable, shellWord } from '../../terminal/printable.js'
import { type FailedMethod, type PlannedMount, plannedMounts, type RunPlan } from './plan.js'

/** The plan as text or JSON. */
export function reportRunPlan(plan: RunPlan, json: boolean): string {
  const methods = plannedMounts(plan)
  return json ? planJson(plan, methods) : planWords(plan, methods)
}

/** For `--debug`: why a method could not mount the image. */
export function failedMethodLine({ method, reason }: FailedMethod): string {
  return `venv-packer: ${method}: ${printable(reason)}\n`
}

export function warningLine(warning: string): string {
  return `venv-packer: warning: ${printable(warning)}\n`
}

export function leftoverLine(message: string): string {
  return `venv-packer: not cleaned up: ${printable(message)}\n`
}

function planWords(plan: RunPlan, methods: readonly PlannedMount[]): string {
  const { image, packed, point, request, warnings } = plan
  const lines = [
    `${printable(image.typed)} holds ${contents(packed)}.`,
    ...warnings.map((warning) => `Warning: ${printable(warning)}.`),
    `Mounted at ${printable(point)}, COMMAND is:`,
    '',
    `  ${[...activation(plan), ...request.command.map(shellWord)].join(' ')}`,
    '',
    'It is run by the first of these methods that can mount the image:',
    '',
    ...methods.flatMap(methodLines),
  ]
  return `${lines.join('\n')}\n`
}

function contents(packed: RunPlan['packed']): string {
  if (packed === undefined) return 'files that venv-packer cannot read'
  if (packed.config === undefined) return 'no virtual environment'
  const { relocatable, version } = packed.config
  return `a ${relocatable ? 'relocatable ' : ''}venv${version === undefined ? '' : ` of Python ${printable(version)}`}`
}

/** The variables as a person would write them, with `$PATH`. */
function activation({ packed, point }: RunPlan): readonly string[] {
  const isVenv = packed === undefined || packed.config !== undefined
  const path = `PATH=${shellWord(`${point}/bin`)}:"$PATH"`
  return ['env', ...(isVenv ? [shellWord(`VIRTUAL_ENV=${point}`)] : []), path]
}

function methodLines(method: PlannedMount): readonly string[] {
  const { name, plan } = method
  const [first = '', ...more] = plan.possible
    ? linesOf(method, ['COMMAND']).map((line) => line.map(shellWord).join(' '))
    : [`not possible: ${printable(plan.reason)}`]
  return [`  ${name.padEnd(16)}${first}`, ...more.map((line) => `  ${''.padEnd(16)}${line}`)]
}

/** The command lines that would be run, in order. */
function linesOf({ plan }: PlannedMount, command: CommandLine): readonly CommandLine[] {
  if (!plan.possible) return []
  const line = plan.wrap(command)
  return plan.shared === undefined ? [line] : [plan.shared.mount, line, plan.shared.unmount]
}

function planJson(
  { image, packed, point, shared, warnings }: RunPlan,
  methods: readonly PlannedMount[],
): string {
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
    ways: methods.map((method) => ({
      name: method.name,
      possible: method.plan.possible,
      reason: method.plan.possible ? null : method.plan.reason,
      lines: linesOf(method, method.command),
    })),
  }
  return `${JSON.stringify(report)}\n`
}
