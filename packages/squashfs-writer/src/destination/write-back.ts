/** Write-back: starts to write dirty pages to the disk early, so that the last flush, for which all wait, has little to do. */
import type { FileHandle } from 'node:fs/promises'

/** Begins to bring a range of a file to the disk. Failures are not reported here: the file's next `sync` reports them. */
export type WriteBack = (file: FileHandle, position: number, length: number) => void

/** SYNC_FILE_RANGE_WRITE (linux/fs.h): begin, and do not wait. */
const BEGIN = 2

/** Linux can begin without a thread that waits for the end; elsewhere a thread waits. */
export async function loadWriteBack(): Promise<WriteBack> {
  if (process.platform !== 'linux') return (file) => void file.datasync().catch(() => {})
  const { default: koffi } = await import('koffi')
  const syncFileRange = koffi
    .load(null)
    .func('int sync_file_range(int fd, int64_t position, int64_t length, unsigned int flags)')
  return (file, position, length) => syncFileRange.async(file.fd, position, length, BEGIN, () => {})
}
