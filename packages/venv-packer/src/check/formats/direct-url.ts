/** `direct_url.json` of an installed package: where it was installed from, if not from an index. PEP 610. */
import { type ByteString, toByteString } from 'squashfs-writer/paths'
import { field, parseJson } from './json-text.js'

/** The folder of an editable install; null for any other, and for what cannot be understood. */
export function editableFolder(json: ByteString): ByteString | null {
  const value = parseJson(json)
  const url = field(value, 'url')
  if (field(field(value, 'dir_info'), 'editable') !== true || typeof url !== 'string') return null
  return folderOfUrl(toByteString(url))
}

/** `file:///a%20b` is `/a b`; any other comes back as it is. */
function folderOfUrl(url: ByteString): ByteString {
  const path = /^file:\/\/(?:localhost)?(\/[^?#]*)/.exec(url)?.[1]
  if (path === undefined) return url
  return path.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
}
