/** The first bytes of what lies in `bin`: which Python a script is run by. */
import type { ByteString } from 'squashfs-writer/paths'

/** Bytes that are enough for the longest first line a kernel takes, or for the two lines of a script run by way of a shell. */
export const PROGRAM_HEAD_SIZE = 1024

/**
 * The absolute path of the Python that runs a script. Null where it is found otherwise (`/usr/bin/env`, beside the script),
 * and for what is no Python script.
 */
export function pythonOfScript(head: ByteString): ByteString | null {
  const [first = '', second = ''] = head.split('\n')
  if (!first.startsWith('#!')) return null
  const direct = /^#!\s*(\/\S*)/.exec(first)?.[1]
  if (direct !== undefined && isPython(direct)) return direct
  // Where the path is too long for a first line or has a space: #!/bin/sh, then '''exec' /the/path/python "$0" "$@"
  const byShell = /^'''exec' (?:"(\/[^"]*)"|'(\/[^']*)'|(\/\S*))/.exec(second)
  const path = byShell?.slice(1).find((text) => text !== undefined)
  return path !== undefined && isPython(path) ? path : null
}

function isPython(path: ByteString): boolean {
  return /\/(?:python|pypy|graalpy)[^/]*$/.test(path)
}
