/** `venv-packer diff`: what is installed in one environment and not in the other. Speaks to no one: that is the caller's. */
import { resolve } from 'node:path'
import { Failure } from '../errors/failure.js'
import { imageFileAt } from '../image/image-file.js'
import { changesBetween, type DistributionChanges, distributionsIn } from '../venv/distributions.js'
import { type Environment, openEnvironment } from '../venv/environment.js'

export interface DiffRequest {
  /** As they were typed. */
  readonly old: string
  readonly new: string
}

export interface DiffReport {
  readonly old: Environment
  readonly new: Environment
  readonly changes: DistributionChanges
}

export async function diff(request: DiffRequest): Promise<DiffReport> {
  const [before, after] = [await open(request.old), await open(request.new)]
  const [old, now] = await Promise.all([distributionsIn(before.path), distributionsIn(after.path)])
  return { old: before, new: after, changes: changesBetween(old, now) }
}

async function open(typed: string): Promise<Environment> {
  const path = resolve(typed)
  if ((await imageFileAt(path)) === undefined) return await openEnvironment(typed, false)
  const remedy = 'Mount it (squashfuse IMAGE FOLDER), and give that folder.'
  throw new Failure('NOT_A_FOLDER', `${typed} is an image, not a folder`, remedy, { path })
}
