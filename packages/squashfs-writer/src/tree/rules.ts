/** Rules: compute the owners, times, modes and xattrs in the image from the original ones. */
import { MAX_TIME } from '../format/limits.js'
import { splitXattrName } from '../format/xattr.js'
import { ACCESS_ACL, modeWithoutAcl } from './access-acl.js'
import { type ByteString, toBytes, toDisplay } from './byte-string.js'
import type { AttributeRules, RawAttributes } from './entry.js'
import type { Attributes, Xattr } from './node.js'

/** The rules. */
export interface Rules {
  /** null keeps the original uid. */
  readonly uid: number | null
  /** null keeps the original gid. */
  readonly gid: number | null
  /** The mtime of all inodes, in seconds; null keeps the original ones. */
  readonly time: number | null
  /** The latest mtime (SOURCE_DATE_EPOCH): later ones are clamped to it. null for no limit. */
  readonly latestTime: number | null
  /** Whether an xattr that squashfs can hold is kept. */
  readonly wantsXattr: (name: ByteString) => boolean
}

/** A deviation from the request that does not prevent the image. */
export interface Warning {
  /**
   * The kind of the warning. Codes are stable.
   *
   * - `CLAMPED_TIME`: squashfs cannot hold an mtime; the image has the nearest possible one.
   * - `ACCESS_NOT_SET`: this user may not give the image the owner, group, permissions or ACL of the file that it replaces, or
   *   those of a new file. Fewer people can then read the image, never more.
   * - `NOT_FLUSHED`: the filesystem of the destination cannot flush a file.
   */
  readonly code: 'CLAMPED_TIME' | 'ACCESS_NOT_SET' | 'NOT_FLUSHED'
  /** A path in the image; for `ACCESS_NOT_SET` and `NOT_FLUSHED`, the path of the destination. */
  readonly path: string
  readonly message: string
}

/** Functions that apply the rules, and their counts and warnings for the result. */
export interface CompiledRules {
  readonly rules: AttributeRules
  /**
   * Applies the rules for mode and xattrs only, for a file whose xattrs are read with its content. squashfs cannot hold an
   * access ACL; without it, the mode grants no more than the ACL did.
   */
  readonly access: (mode: number, xattrs: readonly Xattr[]) => Pick<Attributes, 'mode' | 'xattrs'>
  readonly warnings: Warning[]
  /** For each xattr name: the number of inodes on which it was left out. */
  readonly droppedXattrs: Map<ByteString, number>
}

/**
 * Xattrs that describe a file's place in a Lustre filesystem: its layout and identity. They are wrong in any other
 * filesystem, so they are left out although squashfs supports the prefix.
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

/** Whether squashfs can hold an xattr of this name, and its value is meaningful in an image. */
export function isPortableXattr(name: ByteString): boolean {
  return splitXattrName(toBytes(name)) !== null && !FILESYSTEM_XATTRS.has(name)
}

/** Whether the value of an xattr is needed: to pack it, or to compute the mode without the ACL. */
export function isValueWanted(name: ByteString): boolean {
  return name === ACCESS_ACL || isPortableXattr(name)
}

/** Creates the functions that turn raw metadata into the attributes of a node, and count what they leave out. */
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
