/** Source directory: resolves the path of the directory that is packed. */
import { lstat, realpath } from 'node:fs/promises'
import { messageOf, UnreadableError } from '../errors.js'
import { systemCode, withName } from '../system-error.js'
import { type ByteString, fromBytes, toDisplay } from '../tree/byte-string.js'

/** The remedy if the directory cannot be read. */
export const DIRECTORY_REMEDY = 'give a directory that is there and may be read'

/**
 * Follows symlinks in the path of the packed directory. Symlinks below it are never followed.
 * @throws UnreadableError if the path does not exist, is not a directory, or cannot be accessed.
 */
export async function sourceDirectory(path: ByteString): Promise<ByteString> {
  try {
    const real = fromBytes(await realpath(Buffer.from(path, 'latin1'), { encoding: 'buffer' }))
    if ((await lstat(Buffer.from(real, 'latin1'))).isDirectory()) return real
  } catch (error) {
    const code = systemCode(error)
    // The path is too long for the kernel. The scan opens it in parts.
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
