/**
 * What a program that keeps images on disk needs to know of the operating system, as this library knows it: the names of system
 * errors, how many symlinks it follows, and how a name becomes safe on disk.
 */
export { syncDirectory } from './destination/sync-directory.js'
export { MAX_LINKS_FOLLOWED } from './format/limits.js'
export { namedCode, UNNAMED } from './system-error.js'
