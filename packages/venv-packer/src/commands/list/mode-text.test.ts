import { InodeType } from 'squashfs-writer/read'
import { expect, it } from 'vitest'
import { modeText } from './mode-text.js'

it.each([
  [InodeType.FILE, 0o755, '-rwxr-xr-x'],
  [InodeType.FILE, 0o640, '-rw-r-----'],
  [InodeType.FILE, 0o4755, '-rwsr-xr-x'],
  [InodeType.FILE, 0o6644, '-rwSr-Sr--'],
  [InodeType.DIRECTORY, 0o1777, 'drwxrwxrwt'],
  [InodeType.DIRECTORY, 0o1776, 'drwxrwxrwT'],
  [InodeType.SYMLINK, 0o777, 'lrwxrwxrwx'],
  [InodeType.SOCKET, 0, 's---------'],
])('type %d with mode %o is %s', (type, mode, text) => {
  expect(modeText(type, mode)).toBe(text)
  expect(modeText(type, mode)).toBe(text)
})
