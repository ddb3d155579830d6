/** Reads the properties of an environment in an image that is not mounted. */
import { type ImageReader, InodeType } from 'squashfs-writer/read'
import { type EnvironmentProperties, environmentProperties } from './environment.js'

export async function packedEnvironment(image: ImageReader): Promise<EnvironmentProperties> {
  return await environmentProperties({
    text: (path) => textAt(image, path),
    isDirectory: async (path) => (await image.find(path))?.type === InodeType.DIRECTORY,
  })
}

/** No such file is larger. A damaged image may claim a larger size. */
const MAX_TEXT_BYTES = 1024 * 1024

async function textAt(image: ImageReader, path: string): Promise<string | undefined> {
  const file = await image.find(path)
  if (file?.type !== InodeType.FILE || file.size > MAX_TEXT_BYTES) return undefined
  return Buffer.from(await image.read(file)).toString('utf8')
}
