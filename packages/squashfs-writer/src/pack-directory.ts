/** Pack directory: from a directory to an image in one call. */
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
 * Packs a directory into an image: {@link openDirectory} and {@link writeImage} in one call, for a program that wants to know
 * nothing of the directory before, and to add nothing.
 *
 * Symlinks are packed as symlinks, hard links as hard links, and every name as the bytes that it is.
 *
 * @param directory the directory whose content becomes the image's root; a symlink to one is followed.
 * @param destination a file's path, which gets the image only when it is complete, or a sink.
 * @throws OptionError; UnreadableError with every path that could not be read or that changed meanwhile, or when there is no
 * such directory; LimitError, CodecError, DestinationError; the signal's reason when aborted.
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
    return await writeImage(opened.entries.handOver(), destination, imageOptions)
  } finally {
    await opened.close()
  }
}
