/** Paths as this library has them: bytes, patterns over them, and how they are shown. For programs that deal with paths, too. */
export {
  type BytePath,
  type ByteString,
  fromBytes,
  type TextPath,
  toByteString,
  toBytes,
  toDisplay,
} from './tree/byte-string.js'
export { compilePatterns, type PathTest } from './tree/patterns.js'
