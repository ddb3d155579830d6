/** Patterns: shell globs that select paths, with the meaning that they have in `fast-glob` and bash; no disk is touched. */
import picomatch from 'picomatch'
import { OptionError } from '../errors.js'
import { checkValue, patterns as patternsRule } from '../option-rules.js'
import { type ByteString, toText } from './byte-string.js'

/** Whether a path, relative to the directory that is packed, matches. */
export type PathTest = (path: ByteString) => boolean

/**
 * Compiles patterns. One without a slash is matched against the name at any depth, one with a slash against the whole
 * path; a slash at the end only does not count. Names with a leading dot are names like any other.
 * @param option the name that the patterns have in errors.
 * @param patterns one or several.
 * @returns null when there are no patterns.
 * @throws OptionError for an empty pattern, and for a value that is no text.
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
  // Without the s flag a newline in a name would let it slip through `**`; a `!` in front is a character of the name.
  const options = { dot: true, flags: 's', nonegate: true }
  const matchesPath = whole.length > 0 ? picomatch(whole, options) : () => false
  const matchesName = names.length > 0 ? picomatch(names, options) : () => false
  return (path) => {
    const text = toText(path)
    return matchesName(text.slice(text.lastIndexOf('/') + 1)) || matchesPath(text)
  }
}

/**
 * Compiles patterns for whole names in which `*` stands for any characters, and nothing else has a meaning.
 * @returns null when there are no patterns.
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
