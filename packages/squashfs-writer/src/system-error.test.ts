import { describe, expect, it } from 'vitest'
import { namedCode, nameOfErrno, systemCode, withName } from './system-error.js'

/** Like Node's error for a number without a name. */
function unnamed(errno: number): Error & { readonly code: string } {
  const text = `Unknown system error -${errno}`
  return Object.assign(new Error(`${text}: ${text}, write`), { errno: -errno, code: text, syscall: 'write' })
}

describe('a system error', () => {
  it.each([
    [122, 'EDQUOT', 'disk quota exceeded'],
    [116, 'ESTALE', 'stale file handle'],
  ])('that Node has no name for is named by its number %d: %s', (errno, code, words) => {
    const error = unnamed(errno)
    expect(systemCode(error)).toBe(code)
    expect(withName(error)).toMatchObject({ code, message: `${code}: ${words}, write`, cause: error })
    expect(nameOfErrno(errno)).toEqual({ code, words })
    expect(namedCode(error.code)).toBe(code)
    expect(namedCode(code)).toBe(code)
  })

  it('that Node has a name for does not change', () => {
    const error = Object.assign(new Error('ENOSPC: no space left on device, write'), {
      errno: -28,
      code: 'ENOSPC',
    })
    expect(withName(error)).toBe(error)
    expect(systemCode(error)).toBe('ENOSPC')
    expect(nameOfErrno(28)).toEqual({ code: 'ENOSPC', words: 'no space left on device' })
  })

  it('of an unknown number is named by the number', () => {
    expect(nameOfErrno(4000)).toEqual({ code: 'ERRNO4000', words: 'system error 4000' })
  })

  it('is not any other value', () => {
    const error = new RangeError('too long')
    expect(withName(error)).toBe(error)
    expect(systemCode(error)).toBeUndefined()
    expect(systemCode('ENOSPC')).toBeUndefined()
  })
})
