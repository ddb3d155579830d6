import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { explainSystemError, messageOf, systemErrorCode } from './system-errors.js'

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

it.each([
  [122, 'EDQUOT', 'EDQUOT: your quota is used up (in bytes or in inodes), write'],
  [116, 'ESTALE', 'ESTALE: the network file system lost the file, write'],
  [62, 'ETIME', 'ETIME: the system reports an error, write'],
  [9999, 'ERRNO9999', 'ERRNO9999: the system reports an error, write'],
])('the error %d, for which Node has no name, is %s', (number, code, message) => {
  const unnamed = `Unknown system error -${number}`
  const error = Object.assign(new Error(`${unnamed}: ${unnamed}, write`), { code: unnamed, errno: -number })
  expect(systemErrorCode(error)).toBe(code)
  expect(messageOf(error)).toBe(message)
  expect(explainSystemError(unnamed, 'own').message).toBe(explainSystemError(code, 'own').message)
})

it('the message of an error is taken as it is, and any other value as text', () => {
  expect(messageOf(new Error('own words'))).toBe('own words')
  expect(messageOf('thrown')).toBe('thrown')
})
