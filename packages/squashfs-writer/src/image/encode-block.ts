/** Encode block: compresses a block, or leaves it uncompressed. `block-writer.ts` then decides where it goes. */
import type { Codec } from '../codec/codec.js'
import { blockSizeWord } from '../format/data-block.js'

/** A block as it lies in the image. */
export interface EncodedBlock {
  readonly data: Uint8Array
  /** As by `blockSizeWord`. */
  readonly sizeWord: number
}

/** Encodes one block, at once or later. With `room`, the result may lie there, from the first byte on. */
export type BlockEncoder = (
  bytes: Uint8Array,
  uncompressed: boolean,
  output?: Uint8Array,
) => EncodedBlock | Promise<EncodedBlock>

/**
 * Compresses a block, or leaves it as it is where compression does not shrink it.
 * @param bytes 1 to 1,048,576; not to be changed before the result is there, which may be a view of them.
 * @param uncompressed true to leave it uncompressed.
 * @param room spares an array for the result: `compressBound` as many bytes (`codec.ts`).
 * @returns the block, in an array of its own, in `room`, or as it is given.
 */
export function encodeBlock(
  codec: Codec,
  bytes: Uint8Array,
  uncompressed: boolean,
  output?: Uint8Array,
): EncodedBlock | Promise<EncodedBlock> {
  if (uncompressed || codec.uncompressed) return smaller(bytes, bytes)
  if (output && codec.compressInto)
    return smaller(bytes, output.subarray(0, codec.compressInto(bytes, output)))
  const compressed = codec.compress(bytes)
  return compressed instanceof Promise
    ? compressed.then((result) => smaller(bytes, result))
    : smaller(bytes, compressed)
}

/** Encodes every block by one codec, in the calling thread. */
export function encoderOf(codec: Codec): BlockEncoder {
  return (bytes, uncompressed) => encodeBlock(codec, bytes, uncompressed)
}

function smaller(bytes: Uint8Array, compressed: Uint8Array): EncodedBlock {
  const uncompressed = compressed.length >= bytes.length
  const data = uncompressed ? bytes : compressed
  return { data, sizeWord: blockSizeWord(data.length, uncompressed) }
}
