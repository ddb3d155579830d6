/** `RECORD` of an installed package: the list of its files. Comma-separated: path, hash, size. PEP 376 and 627. */
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
