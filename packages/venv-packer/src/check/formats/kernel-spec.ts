/** `kernel.json`: how Jupyter starts a kernel. */
import { type ByteString, toByteString } from 'squashfs-writer/paths'
import { field, parseJson } from './json-text.js'

/** The absolute path of the Python that it starts; null where it gives a bare name, which is looked up. */
export function pythonOfKernel(json: ByteString): ByteString | null {
  const argv = field(parseJson(json), 'argv')
  const first: unknown = Array.isArray(argv) ? argv[0] : undefined
  return typeof first === 'string' && first.startsWith('/') ? toByteString(first) : null
}
