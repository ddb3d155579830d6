/** `squashfs-writer/patterns`: patterns over paths, as `exclude` has them. Apart from `paths.ts`, since the matcher is slow to load. */
export { compilePatterns, type PathTest } from './tree/patterns.js'
