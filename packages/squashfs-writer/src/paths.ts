/** `squashfs-writer/paths`: paths as byte strings, and conversions from and to text and bytes. */
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
