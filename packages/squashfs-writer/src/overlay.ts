/** Overlay: entries that are laid over others when an image is written. */
import { checkValue, type OptionRule } from './option-rules.js'
import type { Entry } from './tree/entry.js'

/** Entries in any order, except that a hard link comes after its target. Each path may occur once. */
export type Entries = Iterable<Entry> | AsyncIterable<Entry>

/** Entries, and more entries over them. */
export class Overlay {
  readonly entries: ImageEntries
  readonly more: Entries

  constructor(entries: ImageEntries, more: Entries) {
    this.entries = entries
    this.more = more
  }
}

/** The content of an image. */
export type ImageEntries = Entries | Overlay

export const ENTRIES: OptionRule = {
  mustBe: 'entries: an array or another iterable',
  isValid: (value) =>
    typeof value === 'object' &&
    value !== null &&
    (Symbol.iterator in value || Symbol.asyncIterator in value),
}

export const IMAGE_ENTRIES: OptionRule = {
  mustBe: `${ENTRIES.mustBe}, or an overlay`,
  isValid: (value) => value instanceof Overlay || ENTRIES.isValid(value),
}

/**
 * Lays entries over others. Nothing is read until the overlay is written.
 *
 * An entry replaces an existing entry of the same path, but an existing directory keeps its children. An entry without owner or
 * time gets those of its parent directory. Missing parent directories are created with the attributes of their own parents. The
 * `include` and `exclude` of a directory below do not apply to the entries over it.
 *
 * @param entries of a directory, of an image or of the caller, or an overlay.
 * @param more entries, each path at most once. They are iterated after `entries`.
 * @returns an overlay, for `writeImage` or another `overlay`.
 * @throws OptionError if an argument is not a set of entries.
 * @example
 * overlay(directory.entries, [{ type: 'file', path: 'VERSION', content: '1.2.3\n' }])
 */
export function overlay(entries: ImageEntries, more: Entries): Overlay {
  checkValue('entries', entries, IMAGE_ENTRIES)
  checkValue('more', more, ENTRIES)
  return new Overlay(entries, more)
}
