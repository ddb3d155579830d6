/** Findings on what does not belong in an environment: sockets, devices, fifos, and names that are not UTF-8. */
import { type ByteString, toBytes } from 'squashfs-writer/paths'
import { nameOf } from '../entry.js'
import { type Finding, findingAt, type Subject } from '../finding.js'

export function kindFindings({ inventory }: Subject): readonly Finding[] {
  const { entries } = inventory
  return [
    ...findingAt(
      entries
        .filter(({ kind }) => kind === 'socket' || kind === 'fifo' || kind === 'device')
        .map(({ path, kind }) => ({ path, detail: kind })),
      {
        code: 'SPECIAL_FILE',
        severity: 'warning',
        message: 'sockets, fifos or devices lie in the environment',
        effect:
          'They are packed as they are, and of no use there: nothing answers, and images are mounted without devices.',
        remedy: 'End the program that made them and remove them, or leave them out with --exclude.',
      },
    ),
    ...findingAt(
      entries.filter(({ path }) => !isUtf8(nameOf(path))).map(({ path }) => ({ path })),
      {
        code: 'NAME_NOT_UTF8',
        severity: 'note',
        message: 'names are not UTF-8',
        effect: 'They are packed as the bytes that they are; some programs cannot open them.',
        remedy: 'Rename them if they are used.',
      },
    ),
  ]
}

const decoder = new TextDecoder('utf-8', { fatal: true })

function isUtf8(name: ByteString): boolean {
  if (!/[\u0080-\u00ff]/.test(name)) return true
  try {
    decoder.decode(toBytes(name))
    return true
  } catch {
    return false
  }
}
