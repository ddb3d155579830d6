/** Entries: the files, directories and links that the caller gives. Checks them and turns them into nodes. */
import { EntryError, LimitError, shown } from '../errors.js'
import { MAX_MAJOR, MAX_MINOR } from '../format/device-number.js'
import { InodeType, TYPE_NAMES } from '../format/inode.js'
import { MAX_NAME_LENGTH, MAX_TARGET_LENGTH, MAX_XATTR_NAME, MAX_XATTR_VALUE } from '../format/limits.js'
import { type ByteString, type TextPath, toByteString, toDisplay } from './byte-string.js'
import { type Bytes, bytesOf } from './bytes.js'
import {
  type Attributes,
  attach,
  type Content,
  type DirectoryNode,
  deviceNode,
  directoryNode,
  fileNode,
  ipcNode,
  type Node,
  nodeAt,
  symlinkNode,
  type Xattr,
} from './node.js'

/** The attributes of all entries except hard links. */
export interface EntryAttributes {
  /** A relative path with `/` between its parts; a string is encoded as UTF-8. `.` is the root directory. */
  readonly path: TextPath | Uint8Array
  /** Permission bits, 0 to 0o7777; 0o644 if absent, for directories 0o755, for symlinks 0o777. */
  readonly mode?: number
  /** 0 to 2^32 - 1; 0 if absent. */
  readonly uid?: number
  readonly gid?: number
  /** Seconds since 1970; 0 if absent. A time that the format cannot hold is clamped, with a warning. */
  readonly mtime?: number
  /** Values by full name, or pairs, which also allow names that are not UTF-8. An xattr that squashfs cannot hold is left out and counted. */
  readonly xattrs?:
    | Readonly<Record<string, Bytes | string>>
    | readonly (readonly [name: TextPath | Uint8Array, value: Bytes | string])[]
}

/** The content of a file. */
export type EntryContent =
  /** Bytes; a string is encoded as UTF-8. */
  | Bytes
  | string
  /** A path on disk, read when the file is packed. */
  | { readonly file: TextPath | Uint8Array }
  /** A stream of known size in bytes. It may be opened twice, to find duplicates before they are compressed. */
  | { readonly size: number; readonly open: () => AsyncIterable<Bytes | string> }
  /** Any stream: a Node stream, a web stream or an async iterable. It is kept in a temporary file until the file is packed. */
  | AsyncIterable<Bytes | string>

export interface FileEntry extends EntryAttributes {
  readonly type: 'file'
  readonly content: EntryContent
}

export interface DirectoryEntry extends EntryAttributes {
  readonly type: 'directory'
}

export interface SymlinkEntry extends EntryAttributes {
  readonly type: 'symlink'
  /** 1 to 4,095 bytes, without NUL. */
  readonly target: TextPath | Uint8Array
}

export interface DeviceEntry extends EntryAttributes {
  readonly type: 'block-device' | 'character-device'
  /** 0 to 4,095. */
  readonly major: number
  /** 0 to 1,048,575. */
  readonly minor: number
}

export interface IpcEntry extends EntryAttributes {
  readonly type: 'fifo' | 'socket'
}

/** Another name for an earlier entry that is not a directory. */
export interface HardLinkEntry {
  readonly type: 'hardlink'
  readonly path: TextPath | Uint8Array
  /** Path of the earlier entry. */
  readonly target: TextPath | Uint8Array
}

/** An entry of an image. */
export type Entry = FileEntry | DirectoryEntry | SymlinkEntry | DeviceEntry | IpcEntry | HardLinkEntry

/** Metadata before the rules are applied: mtime may be out of range, and xattrs may have any name. */
export interface RawAttributes {
  readonly mode: number
  readonly uid: number
  readonly gid: number
  readonly mtime: number
  readonly xattrs: readonly Xattr[]
}

/** Turns raw metadata into a node's attributes by the rules for owners, times and xattrs. */
export type AttributeRules = (path: ByteString, raw: RawAttributes) => Attributes

const TYPES: readonly unknown[] = [...Object.values(TYPE_NAMES), 'hardlink'] satisfies Entry['type'][]

/**
 * Checks that a value is an entry.
 * @param place its name in errors if it has no path, such as `entries[2]`.
 * @throws EntryError for a value that is not an entry.
 */
export function checkEntry(given: unknown, place: string): Entry {
  if (typeof given !== 'object' || given === null)
    throw new EntryError(place, `${shown(given)}; an entry is an object with a type and a path`)
  const entry = given as { readonly [name in 'type' | 'path' | 'content' | 'target']?: unknown }
  if (!isPath(entry.path)) throw new EntryError(place, `its path is ${shown(entry.path)}; give text or bytes`)
  const { path, type } = entry
  const pathShown = () => toDisplay(toByteString(path))
  if (!TYPES.includes(type)) throw unknownType(pathShown(), type)
  if (type === 'file' && (entry.content === undefined || entry.content === null))
    throw new EntryError(pathShown(), 'a file entry needs content')
  if ((type === 'symlink' || type === 'hardlink') && !isPath(entry.target))
    throw new EntryError(pathShown(), `its target is ${shown(entry.target)}; give text or bytes`)
  return given as Entry
}

function isPath(value: unknown): value is string | Uint8Array {
  return typeof value === 'string' || value instanceof Uint8Array
}

function unknownType(path: string, type: unknown): EntryError {
  return new EntryError(path, `unknown type of entry: ${shown(type)}; it must be one of ${TYPES.join(', ')}`)
}

/**
 * Adds one entry to the tree. Missing parent directories are created, and a later entry may set their attributes.
 * @param content the content of a file entry and its size.
 * @throws EntryError for an invalid path, type or target; LimitError for an entry that exceeds the limits of the format.
 */
export function addEntry(
  root: DirectoryNode,
  entry: Entry,
  rules: AttributeRules,
  content: { readonly content: Content; readonly size: number } | null,
): void {
  const path = toByteString(entry.path)
  const parts = path === '.' ? [] : pathParts(path)
  const name = parts.pop()
  if (name === undefined) {
    if (entry.type !== 'directory') throw new EntryError('.', `the root is a directory, not a ${entry.type}`)
    Object.assign(root, rules(path, rawAttributes(entry, path, 0o755)))
    return
  }
  const parent = parts.reduce((at, part) => directoryIn(at, part, path, rules), root)
  const existing = parent.children.get(name)
  if (entry.type === 'directory' && existing?.type === InodeType.DIRECTORY) {
    Object.assign(existing, rules(path, rawAttributes(entry, path, 0o755)))
    return
  }
  if (existing) throw new EntryError(toDisplay(path), 'this path was given twice; give each path once')
  attach(parent, name, nodeOf(root, entry, path, rules, content))
}

function nodeOf(
  root: DirectoryNode,
  entry: Entry,
  path: ByteString,
  rules: AttributeRules,
  content: { readonly content: Content; readonly size: number } | null,
): Node {
  if (entry.type === 'hardlink') return linkTarget(root, entry, path)
  const attributes = (mode: number) => rules(path, rawAttributes(entry, path, mode))
  switch (entry.type) {
    case 'file':
      if (!content) throw new EntryError(toDisplay(path), 'a file entry needs content')
      return fileNode(attributes(0o644), content.size, content.content)
    case 'directory':
      return directoryNode(attributes(0o755))
    case 'symlink':
      return symlinkNode(attributes(0o777), checkedTarget(entry.target, path))
    case 'block-device':
    case 'character-device': {
      integer(entry.major, MAX_MAJOR, 'major', path)
      integer(entry.minor, MAX_MINOR, 'minor', path)
      const type = entry.type === 'block-device' ? InodeType.BLOCK_DEVICE : InodeType.CHARACTER_DEVICE
      return deviceNode(type, attributes(0o644), entry.major, entry.minor)
    }
    case 'fifo':
      return ipcNode(InodeType.FIFO, attributes(0o644))
    case 'socket':
      return ipcNode(InodeType.SOCKET, attributes(0o644))
    default:
      throw unknownType(toDisplay(path), (entry as { type: unknown }).type)
  }
}

function linkTarget(root: DirectoryNode, entry: HardLinkEntry, path: ByteString): Node {
  const target = toByteString(entry.target)
  const node = nodeAt(root, pathParts(target))
  if (!node)
    throw new EntryError(toDisplay(path), `hard link to ${toDisplay(target)}, which was not given before it`)
  if (node.type === InodeType.DIRECTORY)
    throw new EntryError(toDisplay(path), `hard link to ${toDisplay(target)}, which is a directory`)
  return node
}

function directoryIn(
  at: DirectoryNode,
  part: ByteString,
  path: ByteString,
  rules: AttributeRules,
): DirectoryNode {
  const existing = at.children.get(part)
  if (existing?.type === InodeType.DIRECTORY) return existing
  if (existing) throw new EntryError(toDisplay(path), `${toDisplay(part)} on the way is not a directory`)
  const created = directoryNode(rules(path, { mode: 0o755, uid: 0, gid: 0, mtime: 0, xattrs: [] }))
  attach(at, part, created)
  return created
}

/**
 * Splits the path of an entry into names.
 * @throws EntryError for an absolute path, an empty part, `.`, `..` or NUL; LimitError for a name of more than 255 bytes.
 */
export function pathParts(path: ByteString): ByteString[] {
  const parts = path.split('/')
  for (const part of parts) {
    if (part === '') throw new EntryError(toDisplay(path), 'a path is relative and has no empty parts')
    checkName(part, path)
  }
  return parts
}

/** @throws EntryError for a name that is not valid in a directory; LimitError for one of more than 255 bytes. */
export function checkName(name: ByteString, path: ByteString): void {
  if (name === '.' || name === '..')
    throw new EntryError(toDisplay(path), `"${name}" cannot be part of a path`)
  if (name.includes('\0')) throw new EntryError(toDisplay(path), 'a name cannot contain NUL')
  if (name.length > MAX_NAME_LENGTH)
    throw new LimitError(
      `${toDisplay(path)}: a name of ${name.length} bytes; Linux takes ${MAX_NAME_LENGTH}: shorten it or leave it out`,
    )
}

function checkedTarget(text: string | Uint8Array, path: ByteString): ByteString {
  const target = toByteString(text)
  if (target === '' || target.includes('\0'))
    throw new EntryError(toDisplay(path), 'a symlink needs a target of at least one byte, without NUL')
  if (target.length > MAX_TARGET_LENGTH)
    throw new LimitError(
      `${toDisplay(path)}: a symlink target of ${target.length} bytes; Linux takes ${MAX_TARGET_LENGTH}`,
    )
  return target
}

function rawAttributes(entry: EntryAttributes, path: ByteString, mode: number): RawAttributes {
  const raw = { mode: entry.mode ?? mode, uid: entry.uid ?? 0, gid: entry.gid ?? 0, mtime: entry.mtime ?? 0 }
  integer(raw.mode, 0o7777, 'mode', path)
  integer(raw.uid, 0xffff_ffff, 'uid', path)
  integer(raw.gid, 0xffff_ffff, 'gid', path)
  if (!Number.isFinite(raw.mtime)) throw new EntryError(toDisplay(path), 'mtime is a number of seconds')
  const given: unknown = entry.xattrs ?? {}
  if (typeof given !== 'object' || given === null)
    throw new EntryError(toDisplay(path), `its xattrs are ${shown(given)}; give an object, or pairs`)
  const pairs: readonly unknown[] = Array.isArray(given) ? given : Object.entries(given)
  return { ...raw, xattrs: pairs.map((pair) => xattrOf(pair, path)) }
}

function xattrOf(pair: unknown, path: ByteString): Xattr {
  const [text, value]: readonly unknown[] = Array.isArray(pair) ? pair : []
  if (typeof text !== 'string' && !(text instanceof Uint8Array))
    throw new EntryError(toDisplay(path), `${shown(pair)} among its xattrs; give pairs of a name and a value`)
  const name = toByteString(text)
  const bytes = bytesOf(value)
  if (!bytes)
    throw new EntryError(
      toDisplay(path),
      `its xattr ${toDisplay(name)} is ${shown(value)}; it must be bytes or text`,
    )
  if (name.includes('\0')) throw new EntryError(toDisplay(path), 'the name of an xattr cannot contain NUL')
  if (name.length > MAX_XATTR_NAME)
    throw new LimitError(
      `${toDisplay(path)}: an xattr whose name has ${name.length} bytes; Linux takes ${MAX_XATTR_NAME}`,
    )
  if (bytes.length > MAX_XATTR_VALUE)
    throw new LimitError(
      `${toDisplay(path)}: xattr ${toDisplay(name)} has ${bytes.length} bytes; Linux takes ${MAX_XATTR_VALUE}`,
    )
  return [name, bytes]
}

function integer(value: number, max: number, what: string, path: ByteString): void {
  if (Number.isInteger(value) && value >= 0 && value <= max) return
  throw new EntryError(toDisplay(path), `${what} is ${shown(value)}; it must be an integer from 0 to ${max}`)
}
