import { constants } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { InodeType } from '../format/inode.js'
import { FILE_TYPE_BITS, typeOfMode } from './file-type.js'

describe('the type bits of a mode', () => {
  it('are those of this system', () => {
    expect(FILE_TYPE_BITS).toEqual({
      [InodeType.DIRECTORY]: constants.S_IFDIR,
      [InodeType.FILE]: constants.S_IFREG,
      [InodeType.SYMLINK]: constants.S_IFLNK,
      [InodeType.BLOCK_DEVICE]: constants.S_IFBLK,
      [InodeType.CHARACTER_DEVICE]: constants.S_IFCHR,
      [InodeType.FIFO]: constants.S_IFIFO,
      [InodeType.SOCKET]: constants.S_IFSOCK,
    })
  })

  it('give the type back, for any permissions', () => {
    for (const type of Object.values(InodeType)) expect(typeOfMode(FILE_TYPE_BITS[type] | 0o7777)).toBe(type)
  })

  it('may be of a type that squashfs does not have', () => {
    expect(typeOfMode(0o644)).toBeNull()
    expect(typeOfMode(0o160000)).toBeNull()
  })
})
