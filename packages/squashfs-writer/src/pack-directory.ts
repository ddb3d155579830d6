/** Pack directory: packs a directory into an image with one call. */
import type { Sink } from './image/output.js'
import { DIRECTORY_CHOICE, type DirectoryChoice, directoryHandle } from './open-directory.js'
import { checkOptions, type OptionRule } from './option-rules.js'
import { checkDestination, IMAGE_OPTIONS, type ImageOptions } from './options.js'
import type { TextPath } from './tree/byte-string.js'
import { type ImageResult, writeImage } from './write-image.js'

export interface PackOptions extends ImageOptions, DirectoryChoice {}

const PACK_OPTIONS = {
  ...IMAGE_OPTIONS,
  ...DIRECTORY_CHOICE,
} satisfies Record<keyof PackOptions, OptionRule>

/**
 * Packs a directory into an image: {@link openDirectory} and {@link writeImage} in one call, for callers that need not inspect the
 * directory or add entries.
 *
 * Symlinks are packed as symlinks, hard links as hard links, and names with their exact bytes.
 *
 * @param directory becomes the root of the image. A symlink to a directory is followed.
 * @param destination the path of the image file, which appears when the image is complete, or a sink.
 * @throws OptionError; UnreadableError with all paths that could not be read or changed while they were read, or if the directory
 * does not exist; LimitError, CodecError, DestinationError; the reason of the signal if aborted.
 * @example
 * const { inodes, bytesOut } = await packDirectory('.venv', 'venv.squashfs', { exclude: ['*.a'] })
 */
export async function packDirectory(
  directory: TextPath | Uint8Array,
  destination: string | Sink,
  options: PackOptions = {},
): Promise<ImageResult> {
  checkOptions(options, PACK_OPTIONS)
  const { include, exclude, oneFileSystem, ...imageOptions } = options
  const { signal } = options
  checkDestination(destination)
  const opened = await directoryHandle(directory, {
    ...(include !== undefined && { include }),
    ...(exclude !== undefined && { exclude }),
    ...(oneFileSystem !== undefined && { oneFileSystem }),
    ...(signal && { signal }),
  })
  try {
    return await writeImage(opened.entries.asSpent(), destination, imageOptions)
  } finally {
    await opened.close()
  }
}
