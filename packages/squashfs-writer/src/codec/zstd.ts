/** zstd: the codec, with the zstd of Node (22.15 and later) or the bundled library. */
import { OptionError } from '../errors.js'
import { Compressor, encodeZstdOptions } from '../format/compressor-options.js'
import { checkOptions, integer, oneOf } from '../option-rules.js'
import { type Codec, compressWith } from './codec.js'
import { loadBundledZstd } from './zstd-bundled.js'
import { fitForKernel } from './zstd-frame.js'
import { createNodeCompressor, nodeHasZstd } from './zstd-node.js'

/** The level of an image without compressor options. */
const IMPLIED_LEVEL = 15
/** The version of zstd in `@mongodb-js/zstd` 1.2.2. */
const BUNDLED_VERSION = '1.5.2'

/** The zstd that compresses: that of Node, or the bundled library. */
export type ZstdEncoder = 'node' | 'bundled'

/**
 * Creates the zstd codec. The same encoder in the same version of zstd gives the same bytes on every version of Node.
 * @param options.level 1 (fast) to 22 (small); 3 if absent. Above 19, compression needs hundreds of megabytes.
 * @param options.encoder 'node' for the zstd of Node (22.15 and later), 'bundled' for the bundled library. If absent, 'node'
 * where Node has zstd.
 * @throws OptionError for another level or encoder, and for 'node' if Node has no zstd.
 */
export function zstd(options: { readonly level?: number; readonly encoder?: ZstdEncoder } = {}): Codec {
  checkOptions(options, { level: integer(1, 22), encoder: oneOf('node', 'bundled') })
  const level = options.level ?? 3
  const encoder = options.encoder ?? (nodeHasZstd ? 'node' : 'bundled')
  const head = {
    name: 'zstd',
    id: Compressor.ZSTD,
    recipe: { kind: 'zstd', level, encoder },
    ...(level === IMPLIED_LEVEL ? {} : { options: encodeZstdOptions(level) }),
  } as const

  if (encoder === 'bundled')
    return {
      ...head,
      encoder: { name: 'bundled', version: BUNDLED_VERSION },
      async compress({ buffer, byteOffset, length }) {
        const { compress } = await loadBundledZstd()
        return fitForKernel(await compress(Buffer.from(buffer, byteOffset, length), level), length)
      },
    }

  if (!nodeHasZstd)
    throw new OptionError('encoder', encoder, `bundled on Node ${process.versions.node}, which has no zstd`)
  const compressInto = createNodeCompressor(level)
  return {
    ...head,
    encoder: { name: 'node', version: process.versions.zstd ?? 'unknown' },
    compress: compressWith(compressInto),
    compressInto,
  }
}
