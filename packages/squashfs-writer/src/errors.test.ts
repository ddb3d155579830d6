import { describe, expect, it } from 'vitest'
import {
  DestinationError,
  EntryError,
  LimitError,
  OptionError,
  SquashfsError,
  shown,
  UnreadableError,
} from './errors.js'

describe('an error of this library', () => {
  it.each([
    [
      new OptionError('level', 99, 'an integer from 1 to 22'),
      'OptionError',
      'INVALID_OPTION',
      'level is 99; it must be an integer from 1 to 22',
    ],
    [new EntryError('a/b', 'given twice'), 'EntryError', 'INVALID_ENTRY', 'a/b: given twice'],
    [new LimitError('too many ids'), 'LimitError', 'FORMAT_LIMIT', 'too many ids'],
    [
      new DestinationError('x.squashfs', 'no space left'),
      'DestinationError',
      'DESTINATION',
      'x.squashfs: no space left',
    ],
    [new SquashfsError('WORKER', 'it failed'), 'SquashfsError', 'WORKER', 'it failed'],
  ])('has a name, a code and a message: %s', (error, name, code, message) => {
    expect(error).toBeInstanceOf(SquashfsError)
    expect(error).toBeInstanceOf(Error)
    expect([error.name, error.code, error.message]).toEqual([name, code, message])
  })

  it('has fields with the details', () => {
    expect(new OptionError('level', '3', 'a number')).toMatchObject({
      option: 'level',
      value: '3',
      mustBe: 'a number',
    })
    expect(new EntryError('a', '').path).toBe('a')
    const cause = new Error('ENOSPC')
    expect(new DestinationError('x', 'no space left', cause)).toMatchObject({ path: 'x', cause })
  })
})

describe('a value', () => {
  const cyclic: Record<string, unknown> = {}
  cyclic.itself = cyclic

  it.each<[unknown, string]>([
    ['4096', "'4096'"],
    [4096, '4096'],
    ["it's\n\u0000", "'it's\\n\\u0000'"],
    [10n, '10n'],
    [Number.NaN, 'NaN'],
    [undefined, 'undefined'],
    [null, 'null'],
    [true, 'true'],
    [Symbol('x'), 'Symbol(x)'],
    [() => 1, 'a function'],
    [['a', 1], "['a', 1]"],
    [[[1]], '[an array]'],
    [{ uid: -1 }, '{ uid: -1 }'],
    [cyclic, '{ itself: an object }'],
    [Object.create(null), '{  }'],
    [new Map(), 'a value of type Map'],
    ['x'.repeat(100), `'${'x'.repeat(59)}...`],
  ])('is formatted so that its type is clear, case %#', (value, text) => {
    expect(shown(value)).toBe(text)
  })
})

describe('paths that could not be read', () => {
  const paths = (count: number) =>
    Array.from({ length: count }, (_, n) => ({ path: `p${n}`, code: 'EACCES', message: 'permission denied' }))
  const advice = 'leave them out'

  it('are listed with a remedy', () => {
    const error = new UnreadableError(paths(1), advice)
    expect(error).toMatchObject({ name: 'UnreadableError', code: 'UNREADABLE', paths: paths(1) })
    expect(error.message).toBe(`one path could not be read; ${advice}:\n  p0: permission denied (EACCES)`)
    expect(new UnreadableError(paths(2), advice).message).toBe(
      `2 paths could not be read; ${advice}:\n  p0: permission denied (EACCES)\n  p1: permission denied (EACCES)`,
    )
  })

  it('have the cause of the first path that has one', () => {
    const cause = new Error('torn')
    const [first, second] = paths(2)
    expect(new UnreadableError([first!, { ...second!, cause }], advice).cause).toBe(cause)
    expect('cause' in new UnreadableError(paths(2), advice)).toBe(false)
  })

  it('are all in the error, and 20 of them in its message', () => {
    const lines = (count: number) => new UnreadableError(paths(count), advice).message.split('\n').slice(1)
    expect(lines(20).length).toBe(20)
    expect(lines(20).at(-1)).toBe('  p19: permission denied (EACCES)')
    expect(lines(21).slice(19)).toEqual(['  p19: permission denied (EACCES)', '  ... and 1 more'])
    expect(new UnreadableError(paths(100), advice).paths.length).toBe(100)
  })
})
