/** Level: how hard a compressor tries; the one option that codecs have. */
import { checkOptions, integer } from '../option-rules.js'

/**
 * The level that was asked for.
 * @param options as a program gave them.
 * @param most the highest level; the lowest is 1.
 * @param usual taken where none is given.
 * @throws OptionError for another level, and for other options.
 */
export function levelOf(options: { readonly level?: number }, most: number, usual: number): number {
  checkOptions(options, { level: integer(1, most) })
  return options.level ?? usual
}
