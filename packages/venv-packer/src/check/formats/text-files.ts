/** Text files in site-packages: `RECORD`, the list of what a package installed, and `.pth`, which adds to the module search path. */
import type { ByteString } from 'squashfs-writer/paths'

export interface RecordedFile {
  /** From site-packages on, or absolute. */
  readonly path: ByteString
  /** Bytes; null where it is not recorded. */
  readonly size: number | null
}

export function parseRecord(text: ByteString): readonly RecordedFile[] {
  return text.split(/\r?\n/).flatMap((line) => {
    const match = /^(?:"((?:[^"]|"")*)"|([^,]*))(?:,[^,]*(?:,(\d*))?)?/.exec(line)
    const path = match?.[1]?.replaceAll('""', '"') ?? match?.[2] ?? ''
    if (path === '') return []
    return [{ path, size: match?.[3] ? Number(match[3]) : null }]
  })
}

/** The paths that it adds, as they are written. Lines that begin with `import` are code, those with `#` remarks. */
export function pathsInPth(text: ByteString): readonly ByteString[] {
  return text
    .replace(/^\xef\xbb\xbf/, '')
    .split(/\r\n|\r|\n/)
    .filter((line) => !/^#|^import[ \t]/.test(line))
    .map((line) => line.trimEnd())
    .filter((line) => line !== '')
}
