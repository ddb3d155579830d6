/** Patterns: which paths are packed. Shell globs, as `fast-glob` and bash know them, matched without touching a disk. */
import picomatch from 'picomatch'
import { OptionError } from '../errors.js'
import { type ByteString, toText } from './byte-string.js'

/** Whether a path, relative to the directory that is packed, matches. */
export type PathTest = (path: ByteString) => boolean

/**
 * Compiles patterns. One without a slash is matched against the name at any depth, one with a slash against the whole
 * path; a slash at the end only does not count. Names with a leading dot are names like any other.
 * @returns null when there are no patterns.
 * @throws OptionError for an empty pattern.
 */
export function compilePatterns(option: string, patterns: readonly string[] = []): PathTest | null {
  if (patterns.length === 0) return null
  const whole: string[] = []
  const names: string[] = []
  for (const pattern of patterns) {
    const trimmed = typeof pattern === 'string' ? pattern.replace(/^\.?\/+|\/+$/g, '') : ''
    if (trimmed === '')
      throw new OptionError(option, 'a pattern needs at least one character besides slashes')
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
  patterns: readonly string[] = [],
): ((name: ByteString) => boolean) | null {
  if (patterns.length === 0) return null
  const escaped = patterns.map((pattern) =>
    pattern
      .split('*')
      .map((text) => text.replace(/[\\^$.|?+()[\]{}]/g, '\\$&'))
      .join('.*'),
  )
  const whole = new RegExp(`^(?:${escaped.join('|')})$`, 's')
  return (name) => whole.test(toText(name))
}
