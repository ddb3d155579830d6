/** File identity: shows that an image is the file that was written, and that nobody has written to it since. */

/** What `stat` tells, in whole numbers. */
interface Status {
  readonly ino: bigint
  readonly size: bigint
  readonly ctimeNs: bigint
  readonly mtimeNs: bigint
}

/**
 * Inode, size, and the times of the last change, to the nanosecond. A write, a `touch`, a rename, and a copy give another one: no
 * program can set ctime back. A write within the same step of the filesystem's clock in which the image got its name, some
 * milliseconds, does not show.
 */
export type FileIdentity = string

export function identityOf({ ino, size, ctimeNs, mtimeNs }: Status): FileIdentity {
  return [ino, size, ctimeNs, mtimeNs].join(' ')
}
