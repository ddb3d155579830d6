// A directory that is packed with entries over it: opened, overlaid and written, as a program does it.
import {
  type DirectoryOptions,
  type Entries,
  type ImageOptions,
  type ImageResult,
  openDirectory,
  overlay,
  writeImage,
} from 'squashfs-writer'

/** Packs a directory with an overlay. */
export async function packOverlaid(
  source: string,
  destination: Parameters<typeof writeImage>[1],
  more: Entries,
  options: ImageOptions = {},
  choice: DirectoryOptions = {},
): Promise<ImageResult> {
  const directory = await openDirectory(source, choice)
  try {
    return await writeImage(overlay(directory.entries, more), destination, options)
  } finally {
    await directory.close()
  }
}
