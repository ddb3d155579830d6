/** `venv-packer check`: a virtual environment or an image of one in, findings out. It changes nothing, and speaks to no one: that is the caller's. */
import { resolve } from 'node:path'
import { performance } from 'node:perf_hooks'
import { isFile, noVenvInImage, type OpenedImage, withImage } from '../image/opened-image.js'
import { type Environment, openEnvironment } from '../venv/environment.js'
import { type Examination, examine } from '../venv/examination.js'
import { ofSeverity } from '../venv/finding.js'
import { examineImage } from '../venv/image-examination.js'
import { packedEnvironment } from '../venv/packed-environment.js'

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
  /** Bytes of the image that was looked into; null for a directory. */
  readonly imageSize: number | null
  readonly environment: Environment
  readonly examination: Examination
  /** Whether it has no errors, and with `strict` no warnings. */
  readonly passed: boolean
  readonly seconds: number
}

export async function check(request: CheckRequest): Promise<CheckReport> {
  const started = performance.now()
  const found = (await isFile(resolve(request.source)))
    ? await withImage(request.source, (opened) => examinedImage(request, opened))
    : await examinedDirectory(request)
  const { findings } = found.examination
  const against = request.strict ? (['error', 'warning'] as const) : (['error'] as const)
  const passed = against.every((severity) => ofSeverity(findings, severity).length === 0)
  return { request, ...found, passed, seconds: (performance.now() - started) / 1000 }
}

type Examined = Pick<CheckReport, 'environment' | 'imageSize' | 'examination'>

async function examinedDirectory(request: CheckRequest): Promise<Examined> {
  const environment = await openEnvironment(request.source, request.anyDirectory)
  return { environment, imageSize: null, examination: await examined(request, environment) }
}

/** An image does not say where it was packed from: it is taken to lie where it works, or is to be mounted. */
async function examinedImage(
  { exclude, mountPoint, anyDirectory }: CheckRequest,
  { typed, path: file, image }: OpenedImage,
): Promise<Examined> {
  const { config, conda, madeFor } = await packedEnvironment(image)
  if (config === undefined && !anyDirectory) throw noVenvInImage(typed, file)
  const path = madeFor ?? mountPoint ?? file
  const environment = { typed, path, realPath: path, config, conda }
  const plan = { exclude, mountPoint, owner: 'keep', compiles: false } as const
  return { environment, imageSize: image.size, examination: await examineImage(image, environment, plan) }
}

async function examined(
  { exclude, mountPoint }: CheckRequest,
  environment: Environment,
): Promise<Examination> {
  const { inspectDirectory } = await import('squashfs-writer')
  const { peekAt, peekModule } = await import('../venv/inventory.js')
  const plan = { exclude, mountPoint, owner: 'keep', compiles: false } as const
  try {
    return await inspectDirectory(environment.realPath, { exclude, examiner: peekModule() }, async (look) =>
      examine(environment, plan, look.entries, await peekAt(look)),
    )
  } catch (error) {
    const { explainLibraryError } = await import('../errors/library-errors.js')
    throw explainLibraryError(error, environment, null)
  }
}
