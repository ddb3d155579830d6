/** Source directory: the top path that a program gave, as the directory that it leads to. */
import { lstat, realpath } from 'node:fs/promises'
import { messageOf, UnreadableError } from '../errors.js'
import { systemCode, withName } from '../system-error.js'
import { type ByteString, fromBytes, toDisplay } from '../tree/byte-string.js'

/** The remedy for a top path that cannot be read. */
export const DIRECTORY_REMEDY = 'give a directory that is there and may be read'

/**
 * Follows symlinks: of all that is packed only the top path may be one.
 * @throws UnreadableError when nothing is there, or no directory, or when the way to it is closed.
 */
export async function sourceDirectory(path: ByteString): Promise<ByteString> {
  try {
    const real = fromBytes(await realpath(Buffer.from(path, 'latin1'), { encoding: 'buffer' }))
    if ((await lstat(Buffer.from(real, 'latin1'))).isDirectory()) return real
  } catch (error) {
    const code = systemCode(error)
    // Longer than the system resolves in one go; the scan takes it piece by piece.
    if (code === 'ENAMETOOLONG') return path
    throw unreadable(path, code ?? 'UNKNOWN', reasonOf(error))
  }
  throw unreadable(path, 'ENOTDIR', 'it is not a directory')
}

function unreadable(path: ByteString, code: string, message: string): UnreadableError {
  return new UnreadableError([{ path: toDisplay(path), code, message }], DIRECTORY_REMEDY)
}

function reasonOf(error: unknown): string {
  switch (systemCode(error)) {
    case 'ENOENT':
      return 'there is no such directory'
    case 'ENOTDIR':
      return 'a part of its path is not a directory'
    case 'ELOOP':
      return 'it is a symlink that leads to itself'
    case 'EACCES':
      return 'the way to it is closed to this user'
    default:
      return messageOf(withName(error))
  }
}
