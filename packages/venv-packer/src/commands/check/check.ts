/** `venv-packer check`: a virtual environment in, findings out. It changes nothing, and speaks to no one: that is the caller's. */
import { performance } from 'node:perf_hooks'
import { type Examination, examine } from '../../check/examination.js'
import { ofSeverity } from '../../check/finding.js'
import { type Environment, openEnvironment } from '../../environment/environment.js'

/** What the command line asked for, read and checked; the path of the environment is still as it was typed. */
export interface CheckRequest {
  readonly source: string
  /** Look at a folder that is not a virtual environment, too. */
  readonly anyDirectory: boolean
  readonly exclude: readonly string[]
  /** Where the image will be mounted, absolute; undefined where that is not said. */
  readonly mountPoint: string | undefined
  /** Whether warnings count as errors. */
  readonly strict: boolean
}

export interface CheckReport {
  readonly request: CheckRequest
  readonly environment: Environment
  readonly examination: Examination
  /** Whether it has no errors, and with `strict` no warnings. */
  readonly passed: boolean
  readonly seconds: number
}

export async function check(request: CheckRequest): Promise<CheckReport> {
  const started = performance.now()
  const environment = await openEnvironment(request.source, request.anyDirectory)
  const examination = await examined(request, environment)
  const against = request.strict ? (['error', 'warning'] as const) : (['error'] as const)
  const passed = against.every((severity) => ofSeverity(examination.findings, severity).length === 0)
  return { request, environment, examination, passed, seconds: (performance.now() - started) / 1000 }
}

async function examined(
  { exclude, mountPoint }: CheckRequest,
  environment: Environment,
): Promise<Examination> {
  const { inspectDirectory } = await import('squashfs-writer')
  const { peekAt, peekModule } = await import('../../check/inventory.js')
  const plan = { exclude, mountPoint, owner: 'keep', compiles: false } as const
  try {
    return await inspectDirectory(environment.realPath, { exclude, examiner: peekModule() }, async (look) =>
      examine(environment, plan, look.entries, await peekAt(look)),
    )
  } catch (error) {
    const { explainLibraryError } = await import('../../image/library-errors.js')
    throw explainLibraryError(error, environment, null)
  }
}
