/**
 * `squashfs-writer/system`: functions for programs that keep images on disk. They name system errors and flush directories; a
 * constant says how many symlinks Linux follows.
 */
export { syncDirectory } from './destination/sync-directory.js'
export { MAX_LINKS_FOLLOWED } from './format/limits.js'
export { namedCode, UNNAMED } from './system-error.js'
