/** Paths as this library has them: bytes, and how they are shown. For programs that deal with paths, too. */
export { type ByteString, fromBytes, toByteString, toBytes, toDisplay } from './tree/byte-string.js'
