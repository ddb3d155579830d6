/** Patterns: which paths are packed. Shell globs, as `fast-glob` and bash know them, matched without touching a disk. */
import picomatch from 'picomatch'
import { OptionError } from '../errors.js'
import { type ByteString, toText } from './byte-string.js'

/** Whether a path, relative to the directory that is packed, matches. */
export type PathTest = (path: ByteString) => boolean

/**
 * Compiles patterns. One without a slash is matched against the name at any depth, one with a slash against the whole
 * path. Names with a leading dot are names like any other.
 * @returns null when there are no patterns.
 * @throws OptionError for an empty pattern.
 */
export function compilePatterns(option: string, patterns: readonly string[] = []): PathTest | null {
  if (patterns.length === 0) return null
  for (const pattern of patterns) {
    if (typeof pattern !== 'string' || pattern === '')
      throw new OptionError(option, 'a pattern needs at least one character')
  }
  // Without the s flag a newline in a name would let it slip through `**`.
  const whole = patterns.filter((p) => p.includes('/')).map((p) => p.replace(/^\.?\/+|\/+$/g, ''))
  const names = patterns.filter((p) => !p.includes('/'))
  const options = { dot: true, flags: 's' }
  const matchesPath = whole.length > 0 ? picomatch(whole, options) : () => false
  const matchesName = names.length > 0 ? picomatch(names, options) : () => false
  return (path) => {
    const text = toText(path)
    return matchesName(text.slice(text.lastIndexOf('/') + 1)) || matchesPath(text)
  }
}
