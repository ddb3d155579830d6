/** JSON files in an environment: `direct_url.json` of an installed package, and `kernel.json` of Jupyter. */
import { type ByteString, toByteString, toBytes } from 'squashfs-writer/paths'

/** The directory of an editable install; null for any other, and for what cannot be understood. */
export function editableDirectory(json: ByteString): ByteString | null {
  const value = parseJson(json)
  const url = field(value, 'url')
  if (field(field(value, 'dir_info'), 'editable') !== true || typeof url !== 'string') return null
  return directoryOfUrl(toByteString(url))
}

/** `file:///a%20b` is `/a b`; any other comes back as it is. */
function directoryOfUrl(url: ByteString): ByteString {
  const path = /^file:\/\/(?:localhost)?(\/[^?#]*)/.exec(url)?.[1]
  if (path === undefined) return url
  return path.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
}

/** The absolute path of the Python that it starts; null where it gives a bare name, which is looked up. */
export function pythonOfKernel(json: ByteString): ByteString | null {
  const argv = field(parseJson(json), 'argv')
  const first: unknown = Array.isArray(argv) ? argv[0] : undefined
  return typeof first === 'string' && first.startsWith('/') ? toByteString(first) : null
}

/** The value, or undefined for what is no JSON. */
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
