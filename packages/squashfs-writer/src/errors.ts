/** The errors this library throws: each has a `code`, and a message that names what was wrong and what to do. */

/**
 * The kind of an error. Stable, for programs: the message may change, the code does not.
 *
 * - `INVALID_OPTION` ({@link OptionError}): an option or an argument has an impossible value.
 * - `INVALID_ENTRY` ({@link EntryError}): an entry that no image can hold.
 * - `FORMAT_LIMIT` ({@link LimitError}): more than squashfs can hold.
 * - `UNREADABLE` ({@link UnreadableError}): a path that was to be packed could not be read whole.
 * - `DESTINATION` ({@link DestinationError}): the image could not be written.
 * - `SINK_USED`: a sink for one image was given for another.
 * - `CODEC_UNAVAILABLE` ({@link CodecError}): a compressor does not run here.
 * - `TEMPORARY_FILE` ({@link TemporaryFileError}): a stream could not be kept until its turn.
 * - `EXAMINER_ANSWER`: an examiner returned a value that JSON cannot hold, and its answers were to be recorded.
 * - `WORKER`: a worker ended or failed as a whole, which is a fault of this library or of the machine.
 * - `EXTRACT` ({@link ExtractError}): an entry of an image could not be written into a directory.
 * - all of {@link ImageErrorCode} ({@link ImageError}): an image that was to be read cannot be read.
 */
export type SquashfsErrorCode =
  | 'INVALID_OPTION'
  | 'INVALID_ENTRY'
  | 'FORMAT_LIMIT'
  | 'UNREADABLE'
  | 'DESTINATION'
  | 'SINK_USED'
  | 'CODEC_UNAVAILABLE'
  | 'TEMPORARY_FILE'
  | 'EXAMINER_ANSWER'
  | 'WORKER'
  | 'CLOSED'
  | 'EXTRACT'
  | ImageErrorCode

/** Everything that this library throws on purpose, aborts aside, is one of these. */
export class SquashfsError extends Error {
  override name = 'SquashfsError'
  constructor(
    readonly code: SquashfsErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options)
  }
}

/** An option or an argument has a value that cannot be used. Thrown before anything is read or written. */
export class OptionError extends SquashfsError {
  override name = 'OptionError'
  constructor(
    /** The name of the option or argument. */
    readonly option: string,
    /** The value that was given. */
    readonly value: unknown,
    /** The possible values, in words. */
    readonly mustBe: string,
  ) {
    super('INVALID_OPTION', `${option} is ${shown(value)}; it must be ${mustBe}`)
  }
}

const LONGEST_VALUE = 60

/** A value as messages show it: short, on one line, and so that a text is not taken for a number. */
export function shown(value: unknown, depth = 1): string {
  if (typeof value === 'function') return 'a function'
  if (typeof value === 'bigint') return `${value}n`
  if (typeof value === 'string') return shortened(`'${JSON.stringify(value).slice(1, -1)}'`)
  if (typeof value !== 'object' || value === null) return String(value)
  if (Array.isArray(value)) {
    if (depth === 0) return 'an array'
    const items = value.slice(0, LONGEST_VALUE).map((item) => shown(item, depth - 1))
    return shortened(`[${items.join(', ')}]`)
  }
  const name: unknown = value.constructor?.name
  if (typeof name === 'string' && name !== 'Object') return `a value of type ${name}`
  if (depth === 0) return 'an object'
  const fields = Object.entries(value).slice(0, LONGEST_VALUE)
  return shortened(`{ ${fields.map(([key, field]) => `${key}: ${shown(field, depth - 1)}`).join(', ')} }`)
}

function shortened(text: string): string {
  return text.length <= LONGEST_VALUE ? text : `${text.slice(0, LONGEST_VALUE)}...`
}

/** An entry that no image can hold: a bad path, a missing parent's kind, a duplicate, a target that is not there. */
export class EntryError extends SquashfsError {
  override name = 'EntryError'
  constructor(
    /** The entry's path, printable; of one without a path its place among the entries, as `entries[2]`. */
    readonly path: string,
    message: string,
  ) {
    super('INVALID_ENTRY', `${path}: ${message}`)
  }
}

/** The input exceeds one of the format's limits (65,535 ids, 255 bytes of name, ...). */
export class LimitError extends SquashfsError {
  override name = 'LimitError'
  constructor(message: string) {
    super('FORMAT_LIMIT', message)
  }
}

/** Something that was to be packed and could not be read whole. */
export interface Unreadable {
  /** The path, printable: bytes that are not UTF-8 appear as `\xNN`. */
  readonly path: string
  /** The system's code (`EACCES`, `EIO`, `ENOENT`, ...), or `CHANGED` for a file that changed while it was read. */
  readonly code: string
  readonly message: string
  /** The error of a stream that a program gave as content; absent for all else. */
  readonly cause?: unknown
}

/** One or more paths could not be read; no image was made. The `cause` is that of the first path that has one. */
export class UnreadableError extends SquashfsError {
  override name = 'UnreadableError'
  constructor(
    /** Every such path, in the order of paths. */
    readonly paths: readonly Unreadable[],
    /** The remedy, as a clause. */
    remedy: string,
  ) {
    const lines = paths.slice(0, 20).map((p) => `\n  ${p.path}: ${p.message} (${p.code})`)
    const rest = paths.length > 20 ? `\n  ... and ${paths.length - 20} more` : ''
    super(
      'UNREADABLE',
      `${paths.length === 1 ? 'one path' : `${paths.length} paths`} could not be read; ${remedy}:${lines.join('')}${rest}`,
      causeOf(paths),
    )
  }
}

function causeOf(paths: readonly Unreadable[]): ErrorOptions {
  const found = paths.find(({ cause }) => cause !== undefined)
  return found ? { cause: found.cause } : {}
}

/** A codec does not run here; `cause` is the error of loading its library. */
export class CodecError extends SquashfsError {
  override name = 'CodecError'
  constructor(
    /** The codec's name. */
    readonly codec: string,
    cause: unknown,
  ) {
    super(
      'CODEC_UNAVAILABLE',
      `${codec}: its library has no binary for this machine, or was installed without its optional dependencies; ` +
        'install it with them, or use gzip, which needs none',
      { cause },
    )
  }
}

/** The image could not be written where it was wanted; `cause` is the system's error. */
export class DestinationError extends SquashfsError {
  override name = 'DestinationError'
  constructor(
    readonly path: string,
    message: string,
    cause?: unknown,
  ) {
    super('DESTINATION', `${path}: ${message}`, { cause })
  }
}

/**
 * An image that was to be read cannot be: there is none, it is no squashfs image, it is damaged or cut off, it is
 * compressed in a way that this library cannot read, or has nothing at the path that was asked for.
 */
export class ImageError extends SquashfsError {
  override name = 'ImageError'
  constructor(
    override readonly code: ImageErrorCode,
    /** The reason, without the path. */
    readonly reason: string,
    details: {
      /** The image, as messages name it. */
      readonly path?: string | undefined
      readonly cause?: unknown
    } = {},
  ) {
    const { path, cause } = details
    super(code, path === undefined ? reason : `${path}: ${reason}`, cause === undefined ? {} : { cause })
    this.path = path
  }
  readonly path: string | undefined
}

export type ImageErrorCode =
  | 'IMAGE_NOT_FOUND'
  | 'IMAGE_UNREADABLE'
  | 'NOT_AN_IMAGE'
  | 'TRUNCATED_IMAGE'
  | 'DAMAGED_IMAGE'
  | 'UNKNOWN_COMPRESSOR'
  | 'TOO_LARGE'
  | 'NOT_IN_IMAGE'
  | 'WRONG_ARGUMENT'

/** An entry of an image could not be written into a directory; `cause` is the system's error. */
export class ExtractError extends SquashfsError {
  override name = 'ExtractError'
  constructor(
    /** On disk, printable. */
    readonly path: string,
    /** The reason, without the path. */
    readonly reason: string,
    cause?: unknown,
  ) {
    super('EXTRACT', `${path}: ${reason}`, cause === undefined ? {} : { cause })
  }
}

/** A stream could not be kept until its turn; `cause` is the system's error. */
export class TemporaryFileError extends SquashfsError {
  override name = 'TemporaryFileError'
  constructor(
    /** The temporary file's; it has no name any more. */
    readonly path: string,
    cause: unknown,
  ) {
    super(
      'TEMPORARY_FILE',
      `${path}: ${messageOf(cause)}; set TMPDIR to a directory with room for what streams give`,
      {
        cause,
      },
    )
  }
}

/** The message of an error; any other value that was thrown as text. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown)
}
