/** Findings on access: files that cannot be read here, and files that others cannot read in the image. */

import type { ByteString } from 'squashfs-writer/paths'
import { explainSystemError, isSignOfChange } from '../../system-errors.js'
import { directoryOf, type Entry } from '../entry.js'
import { type CheckContext, type Finding, findingAt } from '../finding.js'
import type { Inventory } from '../inventory.js'

export function accessFindings(context: CheckContext): readonly Finding[] {
  return [...changing(context), ...unreadable(context), ...ownerOnly(context)]
}

function changing({ inventory }: CheckContext): readonly Finding[] {
  const locations = failuresIn(inventory).flatMap(({ path, failure }) =>
    isSignOfChange(failure) ? [{ path, detail: failure.message }] : [],
  )
  return findingAt(locations, {
    code: 'CHANGING',
    severity: 'warning',
    message: 'parts of the environment changed while they were looked at',
    effect: 'What changes while it is packed ends the packing: there will be no image.',
    remedy: 'Pack when nothing changes the environment any more.',
  })
}

function unreadable({ inventory }: CheckContext): readonly Finding[] {
  const locations = failuresIn(inventory).flatMap(({ path, failure }) =>
    isSignOfChange(failure)
      ? []
      : [{ path, detail: explainSystemError(failure.code, failure.message).message }],
  )
  return findingAt(locations, {
    code: 'UNREADABLE',
    severity: 'error',
    message: 'you cannot read parts of the environment',
    effect: 'They cannot be packed: there will be no image.',
    remedy: 'Make them readable (chmod, or pack as another user), or leave them out with --exclude.',
  })
}

function failuresIn({ entries, failureOf }: Inventory) {
  return entries.flatMap((entry) => {
    const failure = failureOf(entry)
    return failure === null ? [] : [{ path: entry.path, failure }]
  })
}

const FOR_ALL = { file: 0o004, directory: 0o005 } as const

function ownerOnly({ inventory, use }: CheckContext): readonly Finding[] {
  const closed = topmost(inventory.entries.filter((entry) => isClosed(entry, inventory)))
  const toRoot = use.owner === 'root'
  return findingAt(
    closed.map(({ path, mode }) => ({ path, detail: mode.toString(8).padStart(4, '0') })),
    {
      code: 'NOT_FOR_OTHERS',
      severity: toRoot ? 'warning' : 'note',
      message: 'files or directories are not open to other users',
      effect: toRoot
        ? 'In the image they belong to root, and you cannot read them any more.'
        : 'The image keeps that: other users who mount it cannot read them.',
      remedy: 'If others are to use the image: chmod -R go+rX on the environment before.',
    },
  )
}

/** Without the entries of a closed directory, which are closed with it. */
function topmost(entries: readonly Entry[]): readonly Entry[] {
  const directories = new Set<ByteString>(
    entries.filter(({ type }) => type === 'directory').map(({ path }) => path),
  )
  const isWithin = (path: ByteString): boolean =>
    path !== '' && (directories.has(directoryOf(path)) || isWithin(directoryOf(path)))
  return entries.filter(({ path }) => !isWithin(path))
}

function isClosed(entry: Entry, { failureOf }: Inventory): boolean {
  const { type, mode } = entry
  if ((type !== 'file' && type !== 'directory') || (mode & FOR_ALL[type]) === FOR_ALL[type]) return false
  return failureOf(entry) === null
}
