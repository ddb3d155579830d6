/**
 * Parses text files of packages: `RECORD`, the list of installed files; `.pth`, which adds directories to the module search
 * path; `direct_url.json`, the origin of a package; and `kernel.json` of Jupyter.
 */
import { type ByteString, toByteString, toBytes } from 'squashfs-writer/paths'

export interface RecordedFile {
  /** Relative to site-packages, or absolute. */
  readonly path: ByteString
  /** Bytes; null if RECORD has no size. */
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

/** The paths that a `.pth` file adds, as it has them. Lines that begin with `import` are code, and `#` begins a comment. */
export function pathsInPth(text: ByteString): readonly ByteString[] {
  return text
    .replace(/^\xef\xbb\xbf/, '')
    .split(/\r\n|\r|\n/)
    .filter((line) => !/^#|^import[ \t]/.test(line))
    .map((line) => line.trimEnd())
    .filter((line) => line !== '')
}

/** The directory of an editable install; null for other installs, and for invalid JSON. */
export function editableDirectory(json: ByteString): ByteString | null {
  const value = parseJson(json)
  const url = field(value, 'url')
  if (field(field(value, 'dir_info'), 'editable') !== true || typeof url !== 'string') return null
  return directoryOfUrl(toByteString(url))
}

/** `/a b` for `file:///a%20b`. Any other URL is returned unchanged. */
function directoryOfUrl(url: ByteString): ByteString {
  const path = /^file:\/\/(?:localhost)?(\/[^?#]*)/.exec(url)?.[1]
  if (path === undefined) return url
  return path.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
}

/** The absolute path of the Python that a kernel starts; null for a name without a directory. */
export function pythonOfKernel(json: ByteString): ByteString | null {
  const argv = field(parseJson(json), 'argv')
  const first: unknown = Array.isArray(argv) ? argv[0] : undefined
  return typeof first === 'string' && first.startsWith('/') ? toByteString(first) : null
}

/** The value; undefined for invalid JSON. */
export function parseJson(text: ByteString): unknown {
  try {
    return JSON.parse(Buffer.from(toBytes(text)).toString('utf8'))
  } catch {
    return undefined
  }
}

/** A field of an object; undefined for any other value. */
export function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined
}
