/** Finds out whether an environment works wherever it is mounted, and if not, at which path it does. */
import { posix } from 'node:path'
import type { ByteString } from 'squashfs-writer/paths'
import { worksAnywhere } from '../environment/environment.js'
import { pathInActivateScript, pythonOfScript } from '../environment/scripts.js'
import type { Content } from './entry.js'
import { pythonOfKernel } from './formats/text-files.js'
import type { Inventory } from './inventory.js'
import { isBelow, type Outside } from './outside.js'

/** A file that contains the absolute path of an environment, and works only if that environment is there. */
export interface PathReference {
  readonly kind: 'script' | 'activate' | 'kernel'
  readonly path: ByteString
  /** The absolute path of that environment. */
  readonly environment: ByteString
}

export interface Relocation {
  /** Whether it works wherever it is mounted. */
  readonly relocatable: boolean
  /** The path that its scripts contain; if they contain none, its own path. */
  readonly madeFor: ByteString
  readonly references: readonly PathReference[]
  /** Whether two absolute paths lead to the same file, through symlinks or not. */
  readonly isSamePlace: (a: ByteString, b: ByteString) => boolean
}

export function relocationOf(inventory: Inventory, outside: Outside): Relocation {
  const { path, entries } = inventory
  const references = entries.flatMap((entry) => referenceIn(entry.path, inventory.contentOf(entry)) ?? [])
  const activate = references.find(({ kind }) => kind === 'activate')
  return {
    relocatable: worksAnywhere(inventory),
    madeFor: activate?.environment ?? mostFrequent(references.map(({ environment }) => environment)) ?? path,
    references,
    isSamePlace: (a, b) => a === b || outside.realPath(a) === outside.realPath(b),
  }
}

function referenceIn(path: ByteString, content: Content | null): PathReference | undefined {
  if (content?.kind === 'program') return ofPython('script', path, pythonOfScript(content.head))
  if (content?.kind !== 'text') return undefined
  if (path.endsWith('/kernel.json')) return ofPython('kernel', path, pythonOfKernel(content.text))
  if (!path.startsWith('bin/')) return undefined
  const environment = pathInActivateScript(content.text)
  return environment === null ? undefined : { kind: 'activate', path, environment }
}

/** Prefixes of the system's interpreters. A script may name these on purpose. */
const SYSTEM_PREFIXES: ReadonlySet<ByteString> = new Set(['/', '/usr', '/usr/local'])

function ofPython(
  kind: PathReference['kind'],
  path: ByteString,
  python: ByteString | null,
): PathReference | undefined {
  if (python === null || posix.basename(posix.dirname(python)) !== 'bin') return undefined
  const environment = posix.dirname(posix.dirname(python))
  return SYSTEM_PREFIXES.has(environment) ? undefined : { kind, path, environment }
}

function mostFrequent(texts: readonly ByteString[]): ByteString | undefined {
  const counts = new Map<ByteString, number>()
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1)
  return [...counts].sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1))[0]?.[0]
}

/** The path at which the environment will be used: the mount point, or the only path at which it works; undefined if unknown. */
export function pathInUse(
  relocation: Relocation,
  mountPoint: ByteString | undefined,
): ByteString | undefined {
  return mountPoint ?? (relocation.relocatable ? undefined : relocation.madeFor)
}

export interface PathTarget {
  /**
   * - `inside`: in the environment, wherever it is mounted;
   * - `left behind`: in the environment at its current or original path, where the image may not be mounted;
   * - `outside`: elsewhere.
   */
  readonly kind: 'inside' | 'left behind' | 'outside'
  /** The path relative to the environment; null outside of it. */
  readonly inner: ByteString | null
}

/** The part of the check's context that is needed to classify a path. */
interface PathTargetContext {
  readonly inventory: Pick<Inventory, 'path' | 'realPath'>
  readonly relocation: Relocation
  readonly use: { readonly mountPoint: ByteString | undefined }
}

/** Classifies an absolute path. */
export function pathTargetOf(
  path: ByteString,
  { inventory, relocation, use }: PathTargetContext,
): PathTarget {
  const { madeFor, relocatable, isSamePlace } = relocation
  const future = pathInUse(relocation, use.mountPoint)
  const places = [...(future === undefined ? [] : [future]), inventory.path, inventory.realPath]
  const place = [...places, ...(relocatable ? [] : [madeFor])].find((directory) => isBelow(path, directory))
  if (place === undefined) return { kind: 'outside', inner: null }
  const inner = path.slice(place.length + 1)
  const stays = future !== undefined && isSamePlace(place, future)
  return { kind: stays ? 'inside' : 'left behind', inner }
}
