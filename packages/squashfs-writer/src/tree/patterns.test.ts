import { describe, expect, it } from 'vitest'
import { OptionError } from '../errors.js'
import { compileNamePatterns, compilePatterns } from './patterns.js'

/** The paths that match. */
function matched(patterns: readonly string[], paths: readonly string[]): string[] {
  return paths.filter(compilePatterns('exclude', patterns)!)
}

describe('a pattern without a slash', () => {
  it('is matched against the name, at any depth', () => {
    const paths = ['tests', 'a/tests', 'a/b/tests', 'tests/a', 'mytests', 'a/tests2']
    expect(matched(['tests'], paths)).toEqual(['tests', 'a/tests', 'a/b/tests'])
    expect(matched(['*.pyc'], ['a.pyc', 'a/b.pyc', 'a/b.pyc/c', 'a.py', 'pyc'])).toEqual(['a.pyc', 'a/b.pyc'])
  })

  it('matches names with a leading dot like any other', () => {
    const paths = ['.git', 'a/.git', '.pyc', '.a.pyc', 'git']
    expect(matched(['*'], paths)).toEqual(paths)
    expect(matched(['*.pyc'], paths)).toEqual(['.pyc', '.a.pyc'])
    expect(matched(['?git'], paths)).toEqual(['.git', 'a/.git'])
    expect(matched(['.*'], paths)).toEqual(['.git', 'a/.git', '.pyc', '.a.pyc'])
  })

  it('matches names with a newline', () => {
    const paths = ['a\nb', 'x/\n', 'a\n', '\nb']
    expect(matched(['*'], paths)).toEqual(paths)
    expect(matched(['**'], paths)).toEqual(paths)
    expect(matched(['a*'], paths)).toEqual(['a\nb', 'a\n'])
    expect(matched(['a?b'], paths)).toEqual(['a\nb'])
    expect(matched(['*b'], paths)).toEqual(['a\nb', '\nb'])
  })

  it('supports sets, braces and escapes', () => {
    expect(matched(['[a-c].txt'], ['a.txt', 'x/c.txt', 'd.txt'])).toEqual(['a.txt', 'x/c.txt'])
    expect(matched(['*.{py,pyi}'], ['a.py', 'a.pyi', 'a.pyc'])).toEqual(['a.py', 'a.pyi'])
    expect(matched(['a\\*b'], ['a*b', 'axb'])).toEqual(['a*b'])
  })

  it('is case-sensitive', () => {
    expect(matched(['Tests'], ['Tests', 'tests'])).toEqual(['Tests'])
  })

  it('matches UTF-8 as text', () => {
    expect(matched(['é?'], ['\xc3\xa9\xc3\xbc', 'e\xc3\xbc'])).toEqual(['\xc3\xa9\xc3\xbc'])
    expect(matched(['a?b'], ['a\xffb'])).toEqual(['a\xffb'])
  })
})

describe('a pattern with a slash', () => {
  it('is matched against the whole path', () => {
    expect(matched(['a/tests'], ['a/tests', 'b/a/tests', 'a/tests/c', 'tests'])).toEqual(['a/tests'])
    expect(matched(['*/tests'], ['a/tests', 'a/b/tests', '.a/tests'])).toEqual(['a/tests', '.a/tests'])
    expect(matched(['**/tests'], ['tests', 'a/tests', 'a/.b/tests', 'a/tests/c'])).toEqual([
      'tests',
      'a/tests',
      'a/.b/tests',
    ])
    expect(matched(['a/**/c'], ['a/c', 'a/b/c', 'a/b/b/c', 'b/a/c'])).toEqual(['a/c', 'a/b/c', 'a/b/b/c'])
  })

  it('matches paths below it, including names with newlines and dots', () => {
    expect(matched(['a/**'], ['a/\n', 'a/b\nc/d', 'a/.b', 'b/a'])).toEqual(['a/\n', 'a/b\nc/d', 'a/.b'])
    expect(matched(['a/*/c'], ['a/\n/c', 'a/b/c', 'a/b/b/c'])).toEqual(['a/\n/c', 'a/b/c'])
  })

  it('may begin at the packed directory', () => {
    for (const pattern of ['/tests', './tests', '//tests', './/tests'])
      expect(matched([pattern], ['tests', 'a/tests', 'ests'])).toEqual(['tests'])
  })

  it('may end in a slash, which is ignored', () => {
    for (const pattern of ['a/tests/', 'a/tests//', '/a/tests/'])
      expect(matched([pattern], ['a/tests', 'b/a/tests', 'a/tests/c'])).toEqual(['a/tests'])
    for (const pattern of ['tests/', 'tests//'])
      expect(matched([pattern], ['tests', 'a/tests', 'tests/b', 'mytests'])).toEqual(['tests', 'a/tests'])
    for (const pattern of ['/tests/', './tests/'])
      expect(matched([pattern], ['tests', 'a/tests'])).toEqual(['tests'])
  })

  it('keeps inner slashes, and dots that are names', () => {
    expect(matched(['.a/b'], ['.a/b', 'a/b'])).toEqual(['.a/b'])
    expect(matched(['..a/b'], ['..a/b', 'a/b'])).toEqual(['..a/b'])
  })
})

describe('several patterns', () => {
  it('match what any of them matches', () => {
    const paths = ['a.pyc', 'x/a.pyc', 'doc/a', 'x/doc/a', 'b']
    expect(matched(['doc/*', '*.pyc', 'b'], paths)).toEqual(['a.pyc', 'x/a.pyc', 'doc/a', 'b'])
    expect(matched(['*.pyc', '*.pyo'], ['a.pyo', 'a.pyc', 'a.py'])).toEqual(['a.pyo', 'a.pyc'])
    expect(matched(['a/b', 'c/d'], ['a/b', 'c/d', 'a/d'])).toEqual(['a/b', 'c/d'])
  })
})

describe('no patterns', () => {
  it('compile to null', () => {
    expect(compilePatterns('exclude')).toBeNull()
    expect(compilePatterns('exclude', [])).toBeNull()
  })
})

describe('an empty pattern', () => {
  it.each(['', '/', './', '//', './/'])('is refused: %j', (pattern) => {
    expect(() => compilePatterns('exclude', ['a', pattern])).toThrow(
      new OptionError('exclude', pattern, 'a pattern with at least one character besides slashes'),
    )
  })

  it.each([[['a', undefined]], [[null]], [[7]], [7], [null], [{ 0: 'a' }]])('is refused: %j', (given) => {
    expect(() => compilePatterns('exclude', given as string[])).toThrow(
      new OptionError('exclude', given, 'a pattern or an array of patterns'),
    )
  })
})

describe('a single string', () => {
  it('is one pattern, not a list of characters', () => {
    const matches = compilePatterns('exclude', 'sub')!
    expect(['sub', 'a/sub', 's', 'u', 'b', 'subs'].filter(matches)).toEqual(['sub', 'a/sub'])
    expect(compilePatterns('exclude', [])).toBeNull()
  })

  it('is one pattern for names of xattrs, too', () => {
    const matches = compileNamePatterns('user.*')!
    expect(['user.a', 'u', '.', 'trusted.a'].filter(matches)).toEqual(['user.a'])
  })
})
