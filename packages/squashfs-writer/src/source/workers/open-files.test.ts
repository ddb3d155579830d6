import { describe, expect, it } from 'vitest'
import type { SourceCalls, SourceDirectory, Status } from '../filesystem.js'
import { createCallTimer } from './call-timer.js'
import { createOpenFiles, isSamePlace } from './open-files.js'

const STATUS: Status = {
  mode: 0o40755,
  uid: 0,
  gid: 0,
  links: 2,
  size: 0,
  blocks: 0,
  mtime: 0,
  device: 1,
  major: 0,
  minor: 0,
  identity: '1 20 30 40',
}

/** A filesystem that records its calls. */
function noting(identities: Readonly<Record<number, string>> = {}) {
  const asked: string[] = []
  let next = 10
  const directoryOf = (path: string): SourceDirectory => ({
    names: () => [],
    status: () => STATUS,
    target: () => '',
    open(name) {
      asked.push(`open ${path}/${name}`)
      if (name === 'refused') throw Object.assign(new Error('EACCES: not for you'), { code: 'EACCES' })
      return next++
    },
    enter: (name) => directoryOf(`${path}/${name}`),
    xattrs: () => [],
    xattr: () => null,
    close: () => asked.push(`leave ${path}`),
  })
  const source: SourceCalls = {
    enter(path, follow) {
      asked.push(`enter ${path}${follow ? ', following' : ''}`)
      return directoryOf(path)
    },
    close: (descriptor) => asked.push(`close ${descriptor}`),
    identity: (descriptor) => identities[descriptor] ?? SEEN,
    xattrs: () => [],
    extents: (_, size) => [0, size],
  }
  return { asked, source }
}

/** In the layout of `identity.ts`. */
const SEEN = '5 6 7 8 9'
const place = (directory: string, name: string) => ({
  directory: { path: directory, seen: null },
  name,
  seen: SEEN,
})

describe('open files', () => {
  it('of one directory are opened relative to it, and it is entered once', () => {
    const { asked, source } = noting()
    const files = createOpenFiles(source, createCallTimer())
    expect(['a', 'b'].map((name) => files.withFile(place('one', name), false, (n) => n))).toEqual([10, 11])
    files.withFile(place('two', 'a'), false, () => {})
    files.close()
    expect(asked).toEqual([
      'enter one, following',
      'open one/a',
      'close 10',
      'open one/b',
      'close 11',
      'enter two, following',
      'open two/a',
      'close 12',
      'leave one',
      'leave two',
    ])
  })

  it('that continue stay open until another file is opened', () => {
    const { asked, source } = noting()
    const files = createOpenFiles(source, createCallTimer())
    const numbers = [true, true, false].map((goesOn) => files.withFile(place('one', 'a'), goesOn, (n) => n))
    expect(numbers).toEqual([10, 10, 10])
    expect(asked.filter((call) => /^(open|close)/.test(call))).toEqual(['open one/a', 'close 10'])
    files.withFile(place('one', 'a'), true, () => {})
    files.withFile(place('one', 'b'), true, () => {})
    files.close()
    expect(asked.slice(3)).toEqual(['open one/a', 'close 11', 'open one/b', 'close 12', 'leave one'])
  })

  it('that were replaced, or changed while they were read, fail and are closed', () => {
    const { asked, source } = noting({ 10: '5 99 7 8 9' })
    const files = createOpenFiles(source, createCallTimer())
    let used = 0
    expect(() => files.withFile(place('one', 'a'), true, () => used++)).toThrow(
      expect.objectContaining({ code: 'CHANGED' }),
    )
    expect(used).toBe(1)
    expect(asked.at(-1)).toBe('close 10')
  })

  it('that cannot be opened, or whose reader throws, leave nothing open', () => {
    const { asked, source } = noting()
    const files = createOpenFiles(source, createCallTimer())
    expect(() => files.withFile(place('one', 'refused'), true, () => {})).toThrow('not for you')
    const objection = new Error('not this one')
    expect(() =>
      files.withFile(place('one', 'a'), true, () => {
        throw objection
      }),
    ).toThrow(objection)
    files.close()
    files.close()
    expect(asked).toEqual(['enter one, following', 'open one/refused', 'open one/a', 'close 10', 'leave one'])
  })

  it('are counted as a metadata call when opened, and not when they continue', () => {
    const timer = createCallTimer()
    const files = createOpenFiles(noting().source, timer)
    for (const goesOn of [true, false, true]) files.withFile(place('one', 'a'), goesOn, () => {})
    expect(timer.calls).toBe(2)
  })

  it('are the same file if directory and name are equal', () => {
    expect(isSamePlace(place('one', 'a'), place('one', 'a'))).toBe(true)
    expect(isSamePlace(place('one', 'a'), place('one', 'b'))).toBe(false)
    expect(isSamePlace(place('one', 'a'), place('two', 'a'))).toBe(false)
  })
})
