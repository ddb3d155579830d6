/** Sync directory: flushes a directory to disk, so that its entries survive a power failure. */
import { open } from 'node:fs/promises'
import { systemCode } from '../system-error.js'

/**
 * Flushes a directory. Some filesystems do not support that, which is not an error; only a failing disk is.
 *
 * @param directory its path.
 * @throws the system error EIO.
 */
export async function syncDirectory(directory: string): Promise<void> {
  try {
    const handle = await open(directory, 'r')
    await handle.sync().finally(() => handle.close())
  } catch (error) {
    if (systemCode(error) === 'EIO') throw error
  }
}
