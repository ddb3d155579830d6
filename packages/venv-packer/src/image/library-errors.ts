/** Turns errors of squashfs-writer into failures whose messages and remedies name the command's options. */
import { dirname } from 'node:path'
import {
  CodecError,
  DestinationError,
  EntryError,
  LimitError,
  OptionError,
  SquashfsError,
  TemporaryFileError,
  type Unreadable,
  UnreadableError,
} from 'squashfs-writer'
import { namedCode } from 'squashfs-writer/system'
import { Failure, wrongUsage } from '../failure.js'
import { isSignOfChange, systemFailure } from '../system-errors.js'

/** A path as the user typed it, for messages, and absolute. */
interface Place {
  readonly typed: string
  readonly path: string
}

/**
 * Returns a failure, or the same value if it is not an error of the library.
 * @param image null for a command that writes none.
 */
export function explainLibraryError(cause: unknown, source: Place, image: Place | null): unknown {
  if (cause instanceof UnreadableError)
    return unreadable(cause, source, image ? '; no image was written' : '')
  if (cause instanceof DestinationError && image) return unwritable(cause, image)
  if (cause instanceof OptionError) return wrongUsage(cause.message)
  if (cause instanceof EntryError) {
    return new Failure(cause.code, cause.message, 'Leave it out with --exclude.', {
      path: cause.path,
      fix: { options: ['--exclude', cause.path] },
      cause,
    })
  }
  if (cause instanceof TemporaryFileError) return noTemporaryFile(cause)
  const details = { path: source.path, cause }
  if (cause instanceof LimitError) {
    const message = `${source.typed} does not fit into an image: ${cause.message}`
    return new Failure(cause.code, message, 'Leave parts of it out with --exclude.', details)
  }
  if (cause instanceof CodecError) return noCodec(cause, source.path)
  if (cause instanceof SquashfsError) {
    const message = `${source.typed} could not be ${image ? 'packed' : 'looked at'}: ${cause.message}`
    return new Failure(
      cause.code,
      message,
      'Try again; if it stays, report it with what --debug prints.',
      details,
    )
  }
  return cause
}

/** The bundled zstd is missing. The Python wheel leaves it out, because its Node has zstd. */
function noCodec(cause: CodecError, path: string): Failure {
  const message = `the bundled ${cause.codec} is not installed here, or has no binary for this machine`
  const [remedy, fix] =
    process.versions.zstd === undefined
      ? [
          'Pack with --compression gzip.',
          { options: ['--compression', 'gzip'], without: ['--encoder', '--level'] },
        ]
      : ['Leave --encoder bundled out: this Node has zstd of its own.', { without: ['--encoder'] }]
  return new Failure(cause.code, message, remedy, { path, fix, cause })
}

function unreadable(cause: UnreadableError, source: Place, outcome: string): Failure {
  const { code } = cause
  const paths = cause.paths.map((one) => ({ ...one, code: namedCode(one.code) }))
  const [only] = paths.length === 1 ? paths : []
  const message = only
    ? `${only.path} in ${source.typed} cannot be read: ${only.message}${outcome}`
    : `${paths.length} paths in ${source.typed} cannot be read${outcome}`
  return new Failure(code, message, remedyFor(paths), { path: source.path, paths, cause })
}

function remedyFor(paths: readonly Unreadable[]): string {
  if (paths.every(isSignOfChange)) return 'Pack again when nothing changes the directory any more.'
  if (paths.every(({ code }) => code === 'EIO'))
    return 'Their disk fails: see the system log (dmesg), restore them, or leave them out with --exclude.'
  return 'Make them readable (chmod, or as another user), or leave them out with --exclude.'
}

function noTemporaryFile(thrown: TemporaryFileError): Failure {
  const path = dirname(thrown.path)
  return systemFailure(
    thrown.code,
    `the bytecode cannot be kept in the temporary directory ${path}`,
    thrown.cause,
    {
      path,
      remedy: 'Free some space there, or name another directory in the variable TMPDIR.',
      thrown,
    },
  )
}

function unwritable(thrown: DestinationError, { typed, path }: Place): Failure {
  return systemFailure(thrown.code, `${typed} cannot be written`, thrown.cause, { path, thrown })
}
