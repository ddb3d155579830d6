/** Piece writer: decides for each piece of a file whether it is written, has been written for an equal file, or has failed. */
import type { Unreadable } from '../errors.js'
import type { FileNode } from '../tree/node.js'
import { emptyPlacement, type Placement } from '../tree/placement.js'
import type { ContentAppender } from './content-appender.js'
import type { Piece } from './content-reader.js'
import type { Fragments } from './fragments.js'
import type { Lease } from './lease.js'

export class PieceWriter {
  /** Files that could not be read, with the reason. */
  readonly failures = new Map<FileNode, Omit<Unreadable, 'path'>>()
  /** Files whose content an earlier file has, and their sizes. */
  readonly duplicates = { files: 0, bytes: 0 }
  readonly #appender: ContentAppender
  readonly #fragments: Pick<Fragments, 'passed'>
  readonly #wantsBlocks: () => boolean
  /** By digest: the placement of the first file with that content. */
  readonly #originals = new Map<string, Placement>()
  /** The first file with its content, of which not all pieces may have come. */
  #newest: { readonly digest: string; readonly file: FileNode } | null = null

  /** @param wantsBlocks asked for each piece: false while content is read for its errors only. */
  constructor(appender: ContentAppender, fragments: Pick<Fragments, 'passed'>, wantsBlocks: () => boolean) {
    this.#appender = appender
    this.#fragments = fragments
    this.#wantsBlocks = wantsBlocks
  }

  /**
   * Takes the next piece; those of a file come one after another.
   * @param lease of the buffer in which the piece's bytes lie.
   */
  write(piece: Piece, lease: Lease): void {
    if (this.failures.has(piece.file)) return // read ahead of the failure
    this.#take(piece, lease)
    if (piece.last) this.#fragments.passed(piece.file)
  }

  #take(piece: Piece, lease: Lease): void {
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
