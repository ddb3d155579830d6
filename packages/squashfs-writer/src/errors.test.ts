import { describe, expect, it } from 'vitest'
import {
  DestinationError,
  EntryError,
  LimitError,
  OptionError,
  SquashfsError,
  UnreadableError,
} from './errors.js'

describe('an error of this library', () => {
  it.each([
    [new OptionError('level', 'too high'), 'OptionError', 'INVALID_OPTION', 'level: too high'],
    [new EntryError('a/b', 'given twice'), 'EntryError', 'INVALID_ENTRY', 'a/b: given twice'],
    [new LimitError('too many ids'), 'LimitError', 'FORMAT_LIMIT', 'too many ids'],
    [new DestinationError('x.squashfs', 'no room'), 'DestinationError', 'DESTINATION', 'x.squashfs: no room'],
    [new SquashfsError('WORKER', 'it failed'), 'SquashfsError', 'WORKER', 'it failed'],
  ])('has a name, a code and a message: %s', (error, name, code, message) => {
    expect(error).toBeInstanceOf(SquashfsError)
    expect(error).toBeInstanceOf(Error)
    expect([error.name, error.code, error.message]).toEqual([name, code, message])
  })

  it('tells what it is about', () => {
    expect(new OptionError('level', '').option).toBe('level')
    expect(new EntryError('a', '').path).toBe('a')
    const cause = new Error('ENOSPC')
    expect(new DestinationError('x', 'no room', cause)).toMatchObject({ path: 'x', cause })
  })
})

describe('what could not be read', () => {
  const paths = (count: number) =>
    Array.from({ length: count }, (_, n) => ({ path: `p${n}`, code: 'EACCES', message: 'permission denied' }))
  const advice = "make them readable, leave them out by a pattern, or set unreadable: 'omit':"

  it('is listed, with what to do about it', () => {
    const error = new UnreadableError(paths(1))
    expect(error).toMatchObject({ name: 'UnreadableError', code: 'UNREADABLE', paths: paths(1) })
    expect(error.message).toBe(`one path could not be packed; ${advice}\n  p0: permission denied (EACCES)`)
    expect(new UnreadableError(paths(2)).message).toBe(
      `2 paths could not be packed; ${advice}\n  p0: permission denied (EACCES)\n  p1: permission denied (EACCES)`,
    )
  })

  it('is shown up to 20 paths, and known to the last', () => {
    const lines = (count: number) => new UnreadableError(paths(count)).message.split('\n').slice(1)
    expect(lines(20).length).toBe(20)
    expect(lines(20).at(-1)).toBe('  p19: permission denied (EACCES)')
    expect(lines(21).slice(19)).toEqual(['  p19: permission denied (EACCES)', '  ... and 1 more'])
    expect(new UnreadableError(paths(100)).paths.length).toBe(100)
  })
})
