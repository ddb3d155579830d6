/** `squashfs-writer/patterns`: patterns for paths, as in `exclude`. They are separate from `paths.ts` since the matcher is slow to load. */
export { compilePatterns, type PathTest } from './tree/patterns.js'
