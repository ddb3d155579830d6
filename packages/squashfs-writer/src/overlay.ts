/** Overlay: entries over entries, as a value. */
import { checkValue, type OptionRule } from './option-rules.js'
import type { Entry } from './tree/entry.js'

/** In any order, except that a hard link comes after its target. Each path is given once. */
export type Entries = Iterable<Entry> | AsyncIterable<Entry>

/** Entries with others over them. */
export class Overlay {
  readonly entries: ImageEntries
  readonly more: Entries

  constructor(entries: ImageEntries, more: Entries) {
    this.entries = entries
    this.more = more
  }
}

/** What an image can be made of. */
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
 * Lays entries over others. Nothing is read yet, and neither changes.
 *
 * An entry takes the place of what has its path; a directory that is there keeps what it holds. Owner and time that an
 * entry does not give are those of the directory that it is put in, and a directory that is missing on the way is like the
 * one above it. `include` and `exclude` of a directory below do not apply to what lies over it.
 *
 * @param entries of a directory, of an image, of a program, or an overlay.
 * @param more iterated once those are known, each path at most once.
 * @returns what `writeImage` takes, and `overlay` again.
 * @throws OptionError for what is none.
 * @example
 * overlay(directory.entries, [{ type: 'file', path: 'VERSION', content: '1.2.3\n' }])
 */
export function overlay(entries: ImageEntries, more: Entries): Overlay {
  checkValue('entries', entries, IMAGE_ENTRIES)
  checkValue('more', more, ENTRIES)
  return new Overlay(entries, more)
}
