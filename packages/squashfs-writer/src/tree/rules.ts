/** Rules: decide owners, times, modes and xattrs in the image from those that were found or given. */
import { MAX_TIME } from '../format/limits.js'
import { splitXattrName } from '../format/xattr.js'
import { ACCESS_ACL, modeWithoutAcl } from './access-acl.js'
import { type ByteString, toBytes, toDisplay } from './byte-string.js'
import type { AttributeRules, RawAttributes } from './entry.js'
import type { Attributes, Xattr } from './node.js'

/** The rules, decided. */
export interface Rules {
  /** null keeps it. */
  readonly uid: number | null
  readonly gid: number | null
  /** All at this second; null keeps it. */
  readonly time: number | null
  /** Later times become this one (SOURCE_DATE_EPOCH); null for no such clamp. */
  readonly latestTime: number | null
  /** Whether an xattr that the format can hold is wanted. */
  readonly wantsXattr: (name: ByteString) => boolean
}

/** A deviation from the request that is not worth losing an image for. */
export interface Warning {
  /**
   * Stable, for programs.
   *
   * - `CLAMPED_TIME`: the format cannot hold an mtime, and has the nearest that it can.
   * - `ACCESS_NOT_SET`: the system does not let this user give the image the owner, group, permissions or ACL of the file
   *   that it replaces, or those of a new file. It is then open to fewer people, never to more.
   * - `NOT_FLUSHED`: the destination's filesystem has no way to flush a file.
   */
  readonly code: 'CLAMPED_TIME' | 'ACCESS_NOT_SET' | 'NOT_FLUSHED'
  /** A path in the image; for `ACCESS_NOT_SET` and `NOT_FLUSHED` the destination's. */
  readonly path: string
  readonly message: string
}

/** The rules applied to a tree, with their counts and warnings for the result. */
export interface CompiledRules {
  readonly rules: AttributeRules
  /**
   * Mode and xattrs alone, of a file whose xattrs are read with its content. An access ACL has no place in the format: where
   * one is left out, the mode grants no more than the ACL did.
   */
  readonly access: (mode: number, xattrs: readonly Xattr[]) => Pick<Attributes, 'mode' | 'xattrs'>
  readonly warnings: Warning[]
  /** By name: on how many inodes it was left out. */
  readonly droppedXattrs: Map<ByteString, number>
}

/**
 * Names that belong to the filesystem on which the file lies, not to the file: Lustre's layout and identity. They would
 * be wrong anywhere else, even those whose prefix the format could hold.
 */
const FILESYSTEM_XATTRS = new Set(
  [
    'dmv',
    'fid',
    'hsm',
    'job',
    'lfsck_bitmap',
    'lfsck_namespace',
    'link',
    'lma',
    'lmv',
    'lov',
    'lsom',
    'som',
    'version',
  ].map((name) => `trusted.${name}`),
)

/** Whether the format can hold a name, and the value means something in an image. */
export function isPortableXattr(name: ByteString): boolean {
  return splitXattrName(toBytes(name)) !== null && !FILESYSTEM_XATTRS.has(name)
}

/** Whether an xattr's value is needed: to be packed, or to know which rights its absence would grant. */
export function isValueWanted(name: ByteString): boolean {
  return name === ACCESS_ACL || isPortableXattr(name)
}

/** Makes the function that turns raw metadata into a node's, and keeps count of what it changed. */
export function compileRules(rules: Rules): CompiledRules {
  const warnings: Warning[] = []
  const droppedXattrs = new Map<ByteString, number>()

  const mtimeOf = (path: ByteString, raw: RawAttributes) => {
    if (rules.time !== null) return rules.time
    const seconds = Math.floor(raw.mtime)
    const held = Math.min(Math.max(seconds, 0), MAX_TIME)
    const mtime = rules.latestTime === null ? held : Math.min(held, rules.latestTime)
    if (held !== seconds)
      warnings.push({
        code: 'CLAMPED_TIME',
        path: toDisplay(path),
        message: `mtime ${seconds} is outside of 1970 to 2106, which is what squashfs can hold; it became ${mtime}`,
      })
    return mtime
  }

  const xattrsOf = (raw: readonly Xattr[]): readonly Xattr[] | null => {
    if (raw.length === 0) return null
    const kept = raw.filter(([name]) => {
      if (isPortableXattr(name) && rules.wantsXattr(name)) return true
      droppedXattrs.set(name, (droppedXattrs.get(name) ?? 0) + 1)
      return false
    })
    return kept.length === 0 ? null : kept.sort(([a], [b]) => (a < b ? -1 : 1))
  }

  const access: CompiledRules['access'] = (mode, raw) => {
    const acl = raw.find(([name]) => name === ACCESS_ACL)
    return { mode: acl ? modeWithoutAcl(mode, acl[1]) : mode, xattrs: xattrsOf(raw) }
  }

  return {
    warnings,
    droppedXattrs,
    access,
    rules: (path, raw) => ({
      ...access(raw.mode, raw.xattrs),
      uid: rules.uid ?? raw.uid,
      gid: rules.gid ?? raw.gid,
      mtime: mtimeOf(path, raw),
    }),
  }
}
