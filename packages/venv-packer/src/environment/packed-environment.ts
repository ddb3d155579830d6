/** What an image says of the environment in it, before it is mounted. */
import { type ImageReader, InodeType } from 'squashfs-writer/read'
import { type PyvenvConfig, parsePyvenvConfig } from './pyvenv-cfg.js'
import { pathInActivateScript } from './scripts.js'

export interface PackedEnvironment {
  /** What `pyvenv.cfg` says; undefined in an image that holds no virtual environment. */
  readonly config: PyvenvConfig | undefined
  /** Whether conda made it: then it works at its prefix alone, which is not read from it. */
  readonly conda: boolean
  /** The only path at which it works; undefined for what works anywhere, and where no script says it. */
  readonly madeFor: string | undefined
}

export async function packedEnvironment(image: ImageReader): Promise<PackedEnvironment> {
  const text = await textAt(image, 'pyvenv.cfg')
  if (text === undefined) {
    const conda = (await image.find('conda-meta'))?.type === InodeType.DIRECTORY
    return { config: undefined, conda, madeFor: undefined }
  }
  const config = parsePyvenvConfig(text)
  const activate = config.relocatable ? undefined : await textAt(image, 'bin/activate')
  return {
    config,
    conda: false,
    madeFor: activate === undefined ? undefined : (pathInActivateScript(activate) ?? undefined),
  }
}

/** No such file is larger, but a damaged image may say so. */
const largestText = 1024 * 1024

async function textAt(image: ImageReader, path: string): Promise<string | undefined> {
  const file = await image.find(path)
  if (file?.type !== InodeType.FILE || file.size > largestText) return undefined
  return Buffer.from(await image.read(file)).toString('utf8')
}
