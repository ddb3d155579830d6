/** Disk content: the content of a scanned file, as an entry contains it. */
import type { FoundContent } from '../tree/found-entry.js'
import type { FileOnDisk } from '../tree/node.js'

/** The place of a scanned file. */
export interface FoundPlace {
  readonly size: number
  readonly content: FileOnDisk
}

export type StreamFound = (file: FoundPlace) => AsyncIterable<Uint8Array>

export class DiskContent implements FoundContent {
  readonly size: number
  readonly #place: FileOnDisk
  readonly #stream: StreamFound

  constructor(size: number, place: FileOnDisk, stream: StreamFound) {
    this.size = size
    this.#place = place
    this.#stream = stream
  }

  /** The place of the content of a scanned file; null for any other content. */
  static placeOf(content: unknown): FoundPlace | null {
    return content instanceof DiskContent ? { size: content.size, content: content.#place } : null
  }

  open(): AsyncIterable<Uint8Array> {
    return this.#stream({ size: this.size, content: this.#place })
  }
}
