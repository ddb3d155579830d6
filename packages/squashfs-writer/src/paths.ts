/** `squashfs-writer/paths`: paths as byte strings, their conversions, and the form in which messages show them. */
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
