/** The errors this library throws: each has a `code`, and a message that names what was wrong and what to do. */

/** Everything that this library throws on purpose, aborts aside, is one of these. */
export class SquashfsError extends Error {
  override name = 'SquashfsError'
  constructor(
    /** Stable, for programs: the message may change, the code does not. */
    readonly code: string,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options)
  }
}

/** An option has a value that the format or this library cannot use. Thrown before anything is read or written. */
export class OptionError extends SquashfsError {
  override name = 'OptionError'
  constructor(
    /** The option's name. */
    readonly option: string,
    message: string,
  ) {
    super('INVALID_OPTION', `${option}: ${message}`)
  }
}

/** An entry that no image can hold: a bad path, a missing parent's kind, a duplicate, a target that is not there. */
export class EntryError extends SquashfsError {
  override name = 'EntryError'
  constructor(
    readonly path: string,
    message: string,
  ) {
    super('INVALID_ENTRY', `${path}: ${message}`)
  }
}

/** The input passes one of the format's borders (65,535 ids, 255 bytes of name, ...). */
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
  /** The system's code (`EACCES`, `EIO`, `ENOENT`, ...), or `CHANGED` for what changed while it was read. */
  readonly code: string
  readonly message: string
}

/** One or more paths could not be read; no image was made. */
export class UnreadableError extends SquashfsError {
  override name = 'UnreadableError'
  constructor(
    /** Every such path, in the order of paths. */
    readonly paths: readonly Unreadable[],
  ) {
    const shown = paths.slice(0, 20).map((p) => `\n  ${p.path}: ${p.message} (${p.code})`)
    const rest = paths.length > 20 ? `\n  ... and ${paths.length - 20} more` : ''
    super(
      'UNREADABLE',
      `${paths.length === 1 ? 'one path' : `${paths.length} paths`} could not be packed; make them readable, ` +
        `leave them out by a pattern, or set unreadable: 'omit':${shown.join('')}${rest}`,
    )
  }
}

/** A codec does not run here; `cause` says what its library was missing. */
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
 * compressed in a way that this library cannot read, or what was asked for is not in it.
 */
export class ImageError extends SquashfsError {
  override name = 'ImageError'
  constructor(
    override readonly code: ImageErrorCode,
    /** What is wrong, without the path. */
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

/** What is in an image could not be written into a directory; `cause` is the system's error. */
export class ExtractError extends SquashfsError {
  override name = 'ExtractError'
  constructor(
    /** On disk, printable. */
    readonly path: string,
    /** What is wrong, without the path. */
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
    const reason = cause instanceof Error ? cause.message : String(cause)
    super('TEMPORARY_FILE', `${path}: ${reason}; set TMPDIR to a folder with room for what streams give`, {
      cause,
    })
  }
}
