/** Limits of the format, and the stricter limits of Linux. */

/** Smallest and largest block size in bytes. A block size is a power of two. */
export const MIN_BLOCK_SIZE = 4096
export const MAX_BLOCK_SIZE = 1_048_576
/** Distinct uids and gids together: the id count in the superblock is a u16. */
export const MAX_IDS = 65_535
/** Symlinks that the kernel follows to resolve a path (path_resolution(7); MAXSYMLINKS, include/linux/namei.h). */
export const MAX_LINKS_FOLLOWED = 40
/** Bytes of a name: the format can hold 256, NAME_MAX of Linux is 255. */
export const MAX_NAME_LENGTH = 255
/** Bytes of a symlink target: the kernel refuses more than a page (fs/squashfs/inode.c, `symlink_size > PAGE_SIZE`), and PATH_MAX includes the NUL. */
export const MAX_TARGET_LENGTH = 4095
/** Seconds: mtime is an unsigned 32-bit count since 1970. */
export const MAX_TIME = 0xffff_ffff
/** Bytes of an xattr's full name (XATTR_NAME_MAX of Linux). */
export const MAX_XATTR_NAME = 255
/** Bytes of an xattr's value (XATTR_SIZE_MAX of Linux). */
export const MAX_XATTR_VALUE = 65_536
/** Inodes: the count is a u32, and the root's parent number is the count + 1. */
export const MAX_INODES = 0xffff_fffe
