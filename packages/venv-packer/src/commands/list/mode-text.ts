/** The first column of `ls -l`: type and permissions as letters, such as `-rwxr-xr-x`. */
import { InodeType } from 'squashfs-writer/read'

const LETTERS: Readonly<Record<InodeType, string>> = {
  [InodeType.DIRECTORY]: 'd',
  [InodeType.FILE]: '-',
  [InodeType.SYMLINK]: 'l',
  [InodeType.BLOCK_DEVICE]: 'b',
  [InodeType.CHARACTER_DEVICE]: 'c',
  [InodeType.FIFO]: 'p',
  [InodeType.SOCKET]: 's',
}

/** The texts that were asked for: an image has few different ones. */
const known = new Map<number, string>()

/** @param mode permission bits, with setuid, setgid and sticky as `s`, `S`, `t` and `T`. */
export function modeText(type: InodeType, mode: number): string {
  const key = type * 0o10000 + mode
  const text = known.get(key) ?? newModeText(type, mode)
  known.set(key, text)
  return text
}

function newModeText(type: InodeType, mode: number): string {
  const bits = [0o400, 0o200, 0o100, 0o040, 0o020, 0o010, 0o004, 0o002, 0o001]
  const letters = bits.map((bit, n) => ((mode & bit) === 0 ? '-' : 'rwx'.charAt(n % 3)))
  const special = [
    [0o4000, 2, 's'],
    [0o2000, 5, 's'],
    [0o1000, 8, 't'],
  ] as const
  for (const [bit, at, letter] of special) {
    if ((mode & bit) !== 0) letters[at] = letters[at] === 'x' ? letter : letter.toUpperCase()
  }
  return LETTERS[type] + letters.join('')
}
