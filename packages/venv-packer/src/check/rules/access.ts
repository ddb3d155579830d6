/** Findings about access: files that you cannot read, and files that other users will not be able to read in the image. */

import type { Failure } from 'squashfs-writer'
import type { ByteString } from 'squashfs-writer/paths'
import { explainSystemError, isSignOfChange } from '../../system-errors.js'
import { directoryOf, type Entry } from '../entry.js'
import { type CheckContext, type Finding, findingAt } from '../finding.js'
import type { Inventory } from '../inventory.js'

export function accessFindings(context: CheckContext): readonly Finding[] {
  const failures = failuresIn(context.inventory)
  return [...changing(failures), ...unreadable(failures), ...ownerOnly(context)]
}

interface Unreadable {
  readonly path: ByteString
  readonly failure: Failure
}

function changing(failures: readonly Unreadable[]): readonly Finding[] {
  const locations = failures.flatMap(({ path, failure }) =>
    isSignOfChange(failure) ? [{ path, detail: failure.message }] : [],
  )
  return findingAt(locations, {
    code: 'CHANGING',
    severity: 'warning',
    message: 'parts of the environment changed during the check',
    effect: 'If files change while they are packed, no image is written.',
    remedy: 'Pack when nothing changes the environment any more.',
  })
}

function unreadable(failures: readonly Unreadable[]): readonly Finding[] {
  const locations = failures.flatMap(({ path, failure }) =>
    isSignOfChange(failure)
      ? []
      : [{ path, detail: explainSystemError(failure.code, failure.message).message }],
  )
  return findingAt(locations, {
    code: 'UNREADABLE',
    severity: 'error',
    message: 'you cannot read parts of the environment',
    effect: 'They cannot be packed, and no image is written.',
    remedy: 'Make them readable (chmod, or pack as another user), or leave them out with --exclude.',
  })
}

function failuresIn({ entries, failureOf }: Inventory): readonly Unreadable[] {
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
      message: 'other users cannot read some files or directories',
      effect: toRoot
        ? 'In the image they belong to root, and you will not be able to read them.'
        : 'The image keeps the permissions: other users who mount it cannot read them.',
      remedy: 'If others are to use the image, run chmod -R go+rX on the environment first.',
    },
  )
}

/** Without entries in directories that are in the list themselves. */
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
