/** Patterns over paths, as `exclude` has them. Apart from `paths.ts`: the matcher takes its time to load. */
export { compilePatterns, type PathTest } from './tree/patterns.js'
