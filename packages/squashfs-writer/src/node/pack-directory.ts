/** Pack directory: the largest way in, from a folder to an image in one call. */

import type { Unreadable } from '../errors.js'
import type { Sink } from '../output.js'
import { compilePatterns } from '../tree/patterns.js'
import { scan } from './scan.js'
import { type ImageOptions, settle, sourcePath } from './settings.js'
import { build, type ImageResult } from './write-image.js'

export interface PackOptions extends ImageOptions {
  /**
   * Glob patterns: only what matches is packed, with the directories above it. A pattern without a slash matches names at
   * any depth, one with a slash whole paths from the directory on.
   */
  readonly include?: readonly string[]
  /** Glob patterns: what matches is left out, with all that lies below it. */
  readonly exclude?: readonly string[]
  /** Whether directories on other filesystems are packed empty; false if absent. */
  readonly oneFileSystem?: boolean
  /** What happens when something cannot be read: 'fail' (if absent), or 'omit', which leaves it out and lists it. */
  readonly unreadable?: 'fail' | 'omit'
}

export interface PackResult extends ImageResult {
  /** What could not be read and was left out. */
  readonly omitted: readonly Unreadable[]
}

/**
 * Packs a directory into an image.
 *
 * Symlinks are packed as symlinks, hard links as hard links, and every name as the bytes that it is.
 *
 * @param directory the directory whose content becomes the image's root.
 * @param destination a file's path, which gets the image only when it is complete, or a sink.
 * @throws OptionError, LimitError, DestinationError; UnreadableError with every path that could not be read or that
 * changed meanwhile; the signal's reason when aborted.
 * @example
 * const { inodes, bytesOut } = await packDirectory('.venv', 'venv.squashfs', { exclude: ['*.a'] })
 */
export async function packDirectory(
  directory: string | Uint8Array,
  destination: string | Sink,
  options: PackOptions = {},
): Promise<PackResult> {
  const settings = settle(options, options.unreadable ?? 'fail')
  const source = sourcePath(directory)
  const include = compilePatterns('include', options.include)
  const exclude = compilePatterns('exclude', options.exclude)
  return build(destination, settings, (workers, { rules }) =>
    scan(
      source,
      workers,
      {
        rules,
        xattrs: settings.readsXattrs,
        include,
        exclude,
        oneFileSystem: options.oneFileSystem ?? false,
      },
      settings.signal,
      (files, bytesIn) =>
        settings.onProgress({ phase: 'scan', files, bytesIn, totalFiles: 0, totalBytes: 0, bytesOut: 0 }),
    ),
  )
}
