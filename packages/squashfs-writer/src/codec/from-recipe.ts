/** From recipe: how a worker makes the codec that the calling thread has. */
import { OptionError } from '../errors.js'
import { type Codec, type CodecRecipe, uncompressed } from './codec.js'
import { gzip, portableGzip } from './gzip.js'
import { zstd } from './zstd.js'

/**
 * Makes a codec from plain data.
 * @throws OptionError for a module that does not export a function.
 */
export async function codecFrom(recipe: CodecRecipe): Promise<Codec> {
  switch (recipe.kind) {
    case 'zstd':
      return zstd(recipe)
    case 'gzip':
      return gzip(recipe)
    case 'portable-gzip':
      return portableGzip(recipe)
    case 'none':
      return uncompressed()
    case 'module': {
      const { default: make }: { default?: unknown } = await import(recipe.url)
      if (typeof make !== 'function')
        throw new OptionError(
          'codec',
          `${recipe.url}; its default export must be a function that makes a codec`,
        )
      return make(recipe.options) as Codec
    }
  }
}
