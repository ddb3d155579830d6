/** File identity: shows whether an image is still the file that was written, without changes. */

/** Fields of `stat`, as integers. */
interface Status {
  readonly ino: bigint
  readonly size: bigint
  readonly ctimeNs: bigint
  readonly mtimeNs: bigint
}

/**
 * Inode number, size, ctime and mtime in nanoseconds. It differs after a write, a `touch`, a rename, and for a copy, since no
 * program can set ctime. It does not show a write in the same tick of the filesystem's clock (some milliseconds) as the rename.
 */
export type FileIdentity = string

export function identityOf({ ino, size, ctimeNs, mtimeNs }: Status): FileIdentity {
  return [ino, size, ctimeNs, mtimeNs].join(' ')
}
