/** Write-back: writes dirty pages to disk early, so that the flush at the end takes less time. */
import type { FileHandle } from 'node:fs/promises'

/** Starts to write a range of a file to disk. Errors are reported by the next `sync` of the file. */
export type WriteBack = (file: FileHandle, position: number, length: number) => void

/** SYNC_FILE_RANGE_WRITE (linux/fs.h): start, and do not wait. */
const BEGIN = 2

/** Loads `sync_file_range` of Linux, which does not wait. On other systems, `datasync` occupies a thread until it is done. */
export async function loadWriteBack(): Promise<WriteBack> {
  if (process.platform !== 'linux') return (file) => void file.datasync().catch(() => {})
  const { default: koffi } = await import('koffi')
  const syncFileRange = koffi
    .load(null)
    .func('int sync_file_range(int fd, int64_t position, int64_t length, unsigned int flags)')
  return (file, position, length) => syncFileRange.async(file.fd, position, length, BEGIN, () => {})
}
