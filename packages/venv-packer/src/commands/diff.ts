/** `venv-packer diff`: what is installed in one environment and not in the other. Speaks to no one: that is the caller's. */
import { resolve } from 'node:path'
import { isFile, noVenvInImage, type OpenedImage, withImage } from '../image/opened-image.js'
import {
  changesBetween,
  type DistributionChanges,
  type Distributions,
  distributionsIn,
  distributionsInImage,
} from '../venv/distributions.js'
import { type Environment, openEnvironment } from '../venv/environment.js'
import { packedEnvironment } from '../venv/packed-environment.js'

export interface DiffRequest {
  /** As they were typed. */
  readonly old: string
  readonly new: string
}

export interface DiffReport {
  readonly old: DiffSide
  readonly new: DiffSide
  readonly changes: DistributionChanges
}

/** An environment, on disk or in an image. */
export type DiffSide = Pick<Environment, 'typed' | 'path' | 'config'>

export async function diff(request: DiffRequest): Promise<DiffReport> {
  const [before, after] = [await look(request.old), await look(request.new)]
  return { old: before.side, new: after.side, changes: changesBetween(before.found, after.found) }
}

async function look(typed: string): Promise<{ readonly side: DiffSide; readonly found: Distributions }> {
  if (await isFile(resolve(typed))) return await withImage(typed, lookIntoImage)
  const side = await openEnvironment(typed, false)
  return { side, found: await distributionsIn(side.path) }
}

async function lookIntoImage({
  typed,
  path,
  image,
}: OpenedImage): Promise<{ readonly side: DiffSide; readonly found: Distributions }> {
  const { config } = await packedEnvironment(image)
  if (config === undefined) throw noVenvInImage(typed, path)
  return { side: { typed, path, config }, found: await distributionsInImage(image) }
}
