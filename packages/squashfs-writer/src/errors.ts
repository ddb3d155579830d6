/** The errors that this library throws. Each has a `code`, and a message that says what is wrong and what to do. */

/**
 * The kind of an error. Codes are stable, messages may change.
 *
 * - `INVALID_OPTION` ({@link OptionError}): an option or argument has an invalid value.
 * - `INVALID_ENTRY` ({@link EntryError}): an entry is not valid in an image.
 * - `FORMAT_LIMIT` ({@link LimitError}): the input exceeds a limit of squashfs.
 * - `UNREADABLE` ({@link UnreadableError}): a path to pack could not be read completely.
 * - `DESTINATION` ({@link DestinationError}): the image could not be written.
 * - `SINK_USED`: a sink for a single image was used for a second one.
 * - `CODEC_UNAVAILABLE` ({@link CodecError}): a compressor does not run on this machine.
 * - `TEMPORARY_FILE` ({@link TemporaryFileError}): a stream could not be saved to a temporary file.
 * - `EXAMINER_RESULT`: an examiner's result was to be recorded, and JSON cannot hold it.
 * - `WORKER`: a worker terminated or failed, because of a bug in this library or a fault of the machine.
 * - `CLOSED`: a directory was used after it was closed.
 * - `EXTRACT` ({@link ExtractError}): an entry of an image could not be extracted.
 * - all of {@link ImageErrorCode} ({@link ImageError}): an image could not be read.
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
  | 'EXAMINER_RESULT'
  | 'WORKER'
  | 'CLOSED'
  | 'EXTRACT'
  | ImageErrorCode

/** The base class of all errors that this library throws, except the reason of an abort. */
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

/** An option or argument has an invalid value. Thrown before anything is read or written. */
export class OptionError extends SquashfsError {
  override name = 'OptionError'
  constructor(
    /** The name of the option or argument. */
    readonly option: string,
    /** The invalid value. */
    readonly value: unknown,
    /** The valid values, in words. */
    readonly mustBe: string,
  ) {
    super('INVALID_OPTION', `${option} is ${shown(value)}; it must be ${mustBe}`)
  }
}

const LONGEST_VALUE = 60

/** Formats a value for messages: short, on one line, and with quotes around text. */
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

/** An invalid entry: a bad path, a parent that is not a directory, a duplicate, or a hard link without a target. */
export class EntryError extends SquashfsError {
  override name = 'EntryError'
  constructor(
    /** The path of the entry, printable; for an entry without a path, its index, such as `entries[2]`. */
    readonly path: string,
    message: string,
  ) {
    super('INVALID_ENTRY', `${path}: ${message}`)
  }
}

/** The input exceeds a limit of the format (65,535 ids, names of 255 bytes, ...). */
export class LimitError extends SquashfsError {
  override name = 'LimitError'
  constructor(message: string) {
    super('FORMAT_LIMIT', message)
  }
}

/** A path that could not be read completely. */
export interface Unreadable {
  /** The path, printable: bytes that are not UTF-8 are shown as `\xNN`. */
  readonly path: string
  /** The code of the system error (`EACCES`, `EIO`, `ENOENT`, ...), or `CHANGED` for a file that changed while it was read. */
  readonly code: string
  readonly message: string
  /** The error of a stream that was given as content; absent otherwise. */
  readonly cause?: unknown
}

/** One or more paths could not be read, and no image was written. The `cause` is that of the first path that has one. */
export class UnreadableError extends SquashfsError {
  override name = 'UnreadableError'
  constructor(
    /** All paths that could not be read, sorted. */
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

/** A codec does not run on this machine. `cause` is the error from loading its library. */
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

/** The image could not be written. `cause` is the system error. */
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
 * An image could not be read: it does not exist, is not a squashfs image, is damaged or truncated, has an unsupported
 * compressor, or does not have the path.
 */
export class ImageError extends SquashfsError {
  override name = 'ImageError'
  constructor(
    override readonly code: ImageErrorCode,
    /** The reason, without the path. */
    readonly reason: string,
    details: {
      /** The name of the image in messages. */
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

/** An entry of an image could not be extracted. `cause` is the system error. */
export class ExtractError extends SquashfsError {
  override name = 'ExtractError'
  constructor(
    /** The path on disk, printable. */
    readonly path: string,
    /** The reason, without the path. */
    readonly reason: string,
    cause?: unknown,
  ) {
    super('EXTRACT', `${path}: ${reason}`, cause === undefined ? {} : { cause })
  }
}

/** A stream could not be saved to a temporary file. `cause` is the system error. */
export class TemporaryFileError extends SquashfsError {
  override name = 'TemporaryFileError'
  constructor(
    /** The path of the temporary file, which is already unlinked. */
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

/** The message of a thrown error. Any other thrown value is converted to text. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown)
}
