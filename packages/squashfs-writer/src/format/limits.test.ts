import { describe, expect, it } from 'vitest'
import * as limits from './limits.js'

describe('the limits', () => {
  it('are those of the format, or of Linux if these are stricter', () => {
    expect({ ...limits }).toEqual({
      MIN_BLOCK_SIZE: 4 * 1024,
      MAX_BLOCK_SIZE: 1024 * 1024,
      MAX_IDS: 2 ** 16 - 1,
      MAX_LINKS_FOLLOWED: 40,
      MAX_NAME_LENGTH: 255,
      MAX_TARGET_LENGTH: 4095,
      MAX_TIME: 2 ** 32 - 1,
      MAX_XATTR_NAME: 255,
      MAX_XATTR_VALUE: 64 * 1024,
      MAX_INODES: 2 ** 32 - 2,
    })
  })
})
