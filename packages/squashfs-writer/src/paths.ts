/** Paths as this library has them: bytes, and how they are shown. For programs that deal with paths, too. */
export {
  asBytePath,
  type BytePath,
  type ByteString,
  fromBytes,
  type TextPath,
  toByteString,
  toBytes,
  toDisplay,
} from './tree/byte-string.js'
