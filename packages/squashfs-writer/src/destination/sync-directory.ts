/** Flushes a directory to the disk, so that after a power failure its names are what they were. */
import { open } from 'node:fs/promises'
import { systemCode } from '../system-error.js'

/**
 * Flushes a directory. Some filesystems refuse that, and their names are as safe as they get: only a failing disk is an error.
 *
 * @param directory its path.
 * @throws the system's error EIO.
 */
export async function syncDirectory(directory: string): Promise<void> {
  try {
    const handle = await open(directory, 'r')
    await handle.sync().finally(() => handle.close())
  } catch (error) {
    if (systemCode(error) === 'EIO') throw error
  }
}
