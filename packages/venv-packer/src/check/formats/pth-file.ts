/** `.pth` files in site-packages: lines that Python's `site` adds to the module search path, or runs, at every start. */
import type { ByteString } from 'squashfs-writer/paths'

/** The paths that it adds, as they are written. Lines that begin with `import` are code, those with `#` remarks. */
export function pathsInPth(text: ByteString): readonly ByteString[] {
  return text
    .replace(/^\xef\xbb\xbf/, '')
    .split(/\r\n|\r|\n/)
    .filter((line) => !/^#|^import[ \t]/.test(line))
    .map((line) => line.trimEnd())
    .filter((line) => line !== '')
}
