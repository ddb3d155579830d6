import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { explainSystemError, systemErrorCode } from './system-errors.js'

it.each([
  'ENOSPC',
  'EDQUOT',
  'EACCES',
  'EPERM',
  'EROFS',
  'EISDIR',
  'ENOTDIR',
  'ENOENT',
  'ENAMETOOLONG',
  'EFBIG',
  'EIO',
  'EMFILE',
  'ENOMEM',
])('%s is explained in words, with a remedy', (code) => {
  const { message, remedy } = explainSystemError(code, 'own message')
  expect(message).not.toBe('own message')
  expect(remedy).toMatch(/^[A-Z].*\.$/)
})

it('an unknown code keeps the words of the system', () => {
  expect(explainSystemError('EWEIRD', 'own message').message).toBe('own message')
})

it('only the codes of the system are taken for such', () => {
  let thrown: unknown
  try {
    readFileSync('/does/not/exist')
  } catch (error) {
    thrown = error
  }
  expect(systemErrorCode(thrown)).toBe('ENOENT')
  expect(systemErrorCode(Object.assign(new Error('x'), { code: 'ERR_INVALID_ARG_TYPE' }))).toBeUndefined()
  expect(systemErrorCode('ENOENT')).toBeUndefined()
})
