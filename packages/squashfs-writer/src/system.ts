/**
 * `squashfs-writer/system`: knowledge of the operating system for programs that keep images on disk: names of system errors, the
 * number of symlinks that it follows, and how a new name becomes safe on disk.
 */
export { syncDirectory } from './destination/sync-directory.js'
export { MAX_LINKS_FOLLOWED } from './format/limits.js'
export { namedCode, UNNAMED } from './system-error.js'
