/** Encode block: compresses a block, or leaves it uncompressed. `block-writer.ts` appends it to the image. */
import type { Codec } from '../codec/codec.js'
import { blockSizeWord } from '../format/data-block.js'

/** A block as it is on disk. */
export interface EncodedBlock {
  readonly data: Uint8Array
  /** See `blockSizeWord`. */
  readonly sizeWord: number
}

/** Encodes one block, synchronously or not. The result may be in `output`, from the first byte on. */
export type BlockEncoder = (
  bytes: Uint8Array,
  uncompressed: boolean,
  output?: Uint8Array,
) => EncodedBlock | Promise<EncodedBlock>

/**
 * Compresses a block, or leaves it uncompressed if compression does not make it smaller.
 * @param bytes 1 to 1,048,576. They must not change while they are encoded. The result may be a view of them.
 * @param uncompressed whether to leave the block uncompressed.
 * @param output a buffer for the result, which saves an allocation: at least `compressBound` bytes (`codec.ts`).
 * @returns the block, in a new array, in `output`, or as a view of `bytes`.
 */
export function encodeBlock(
  codec: Codec,
  bytes: Uint8Array,
  uncompressed: boolean,
  output?: Uint8Array,
): EncodedBlock | Promise<EncodedBlock> {
  if (uncompressed || codec.uncompressed) return smallerOf(bytes, bytes)
  if (output && codec.compressInto)
    return smallerOf(bytes, output.subarray(0, codec.compressInto(bytes, output)))
  const compressed = codec.compress(bytes)
  return compressed instanceof Promise
    ? compressed.then((result) => smallerOf(bytes, result))
    : smallerOf(bytes, compressed)
}

/** Creates an encoder that uses the codec in the calling thread. */
export function encoderOf(codec: Codec): BlockEncoder {
  return (bytes, uncompressed) => encodeBlock(codec, bytes, uncompressed)
}

function smallerOf(bytes: Uint8Array, compressed: Uint8Array): EncodedBlock {
  const uncompressed = compressed.length >= bytes.length
  const data = uncompressed ? bytes : compressed
  return { data, sizeWord: blockSizeWord(data.length, uncompressed) }
}
