/** Piece writer: decides for each piece of a file whether to write it, to share the content of an equal file, or to report a failure. */
import type { Unreadable } from '../errors.js'
import type { FileNode } from '../tree/node.js'
import { emptyPlacement, type Placement } from '../tree/placement.js'
import type { ContentAppender } from './content-appender.js'
import type { Piece } from './content-reader.js'
import type { Fragments } from './fragments.js'
import type { Lease } from './lease.js'

export class PieceWriter {
  /** The files that could not be read, with the reason. */
  readonly failures = new Map<FileNode, Omit<Unreadable, 'path'>>()
  /** The number and total size of files that share the content of an earlier file. */
  readonly duplicates = { files: 0, bytes: 0 }
  readonly #appender: ContentAppender
  readonly #fragments: Pick<Fragments, 'fileDone'>
  readonly #wantsBlocks: () => boolean
  /** The placement of the first file with each content, by digest. */
  readonly #originals = new Map<string, Placement>()
  /** The last file that was added to `#originals`. More of its pieces may follow. */
  #newest: { readonly digest: string; readonly file: FileNode } | null = null

  /** @param wantsBlocks called for each piece; false if content is only read to find all errors. */
  constructor(appender: ContentAppender, fragments: Pick<Fragments, 'fileDone'>, wantsBlocks: () => boolean) {
    this.#appender = appender
    this.#fragments = fragments
    this.#wantsBlocks = wantsBlocks
  }

  /**
   * Handles the next piece. The pieces of a file are consecutive.
   * @param lease of the buffer that holds the bytes of the piece.
   */
  write(piece: Piece, lease: Lease): void {
    if (this.failures.has(piece.file)) return // it was read before the failure was known
    this.#handle(piece, lease)
    if (piece.last) this.#fragments.fileDone(piece.file)
  }

  #handle(piece: Piece, lease: Lease): void {
    const { file, content, digest } = piece
    if (piece.failure) {
      this.#fail(file, piece.failure)
      return
    }
    if (digest !== null) file.digest = digest
    if (!this.#wantsBlocks()) return
    const original = digest === null ? undefined : this.#originals.get(digest)
    if (original) {
      file.placement = original
      this.duplicates.files++
      this.duplicates.bytes += file.size
      return
    }
    if (content === null) {
      this.#fail(file, {
        code: 'CHANGED',
        message: 'it has the content of a file that could not be read to its end',
      })
      return
    }
    file.placement ??= emptyPlacement()
    if (digest !== null) {
      this.#originals.set(digest, file.placement)
      this.#newest = { digest, file }
    }
    if (typeof content === 'number') this.#appender.appendZeros(file.placement, content, piece.size)
    else if ('sizeWords' in content) this.#appender.appendEncoded(file.placement, content, lease)
    else this.#appender.appendFromBase(file.placement, content, file.size)
  }

  #fail(file: FileNode, reason: Omit<Unreadable, 'path'>): void {
    this.failures.set(file, reason)
    if (this.#newest?.file === file) this.#originals.delete(this.#newest.digest)
  }
}
