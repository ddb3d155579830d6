/** JSON files in an environment, written by others: read without trust in what they hold. */
import { type ByteString, toBytes } from 'squashfs-writer/paths'

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
