/** Patterns: shell globs that select paths. They mean the same as in `fast-glob` and bash. No function here accesses a disk. */
import picomatch from 'picomatch'
import { OptionError } from '../errors.js'
import { checkValue, patterns as patternsRule } from '../option-rules.js'
import { type ByteString, toText } from './byte-string.js'

/** Tests whether a path, relative to the packed directory, matches. */
export type PathTest = (path: ByteString) => boolean

/**
 * Compiles patterns. A pattern without a slash is matched against the name at any depth, a pattern with a slash against the
 * whole path. A trailing slash is ignored. Names with a leading dot are matched like other names.
 * @param option the name of the option in errors.
 * @param patterns one or several.
 * @returns null if there are no patterns.
 * @throws OptionError for an empty pattern, and for a value that is not text.
 */
export function compilePatterns(option: string, patterns: string | readonly string[] = []): PathTest | null {
  checkValue(option, patterns, patternsRule)
  const all = typeof patterns === 'string' ? [patterns] : patterns
  if (all.length === 0) return null
  const whole: string[] = []
  const names: string[] = []
  for (const pattern of all) {
    const trimmed = pattern.replace(/^\.?\/+|\/+$/g, '')
    if (trimmed === '')
      throw new OptionError(option, pattern, 'a pattern with at least one character besides slashes')
    const isName = !trimmed.includes('/') && !/^\.?\//.test(pattern)
    const list = isName ? names : whole
    list.push(trimmed)
  }
  // The s flag makes `**` match a newline in a name. A leading `!` is a character of the name.
  const options = { dot: true, flags: 's', nonegate: true }
  const matchesPath = whole.length > 0 ? picomatch(whole, options) : () => false
  const matchesName = names.length > 0 ? picomatch(names, options) : () => false
  return (path) => {
    const text = toText(path)
    return matchesName(text.slice(text.lastIndexOf('/') + 1)) || matchesPath(text)
  }
}

/**
 * Compiles patterns for whole names, in which `*` matches any characters and all other characters match themselves.
 * @returns null if there are no patterns.
 */
export function compileNamePatterns(
  patterns: string | readonly string[] = [],
): ((name: ByteString) => boolean) | null {
  const all = typeof patterns === 'string' ? [patterns] : patterns
  if (all.length === 0) return null
  const escaped = all.map((pattern) =>
    pattern
      .split('*')
      .map((text) => text.replace(/[\\^$.|?+()[\]{}]/g, '\\$&'))
      .join('.*'),
  )
  const whole = new RegExp(`^(?:${escaped.join('|')})$`, 's')
  return (name) => whole.test(toText(name))
}
