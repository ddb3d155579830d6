/** From recipe: creates a codec from plain data, so that a worker can create the codec of the calling thread. */
import { OptionError } from '../errors.js'
import { type Codec, type CodecRecipe, uncompressed } from './codec.js'
import { gzip, portableGzip } from './gzip.js'
import { zstd } from './zstd.js'

/**
 * Creates a codec from plain data.
 * @throws OptionError for a module that does not export a function.
 */
export async function codecFrom(recipe: CodecRecipe): Promise<Codec> {
  switch (recipe.kind) {
    case 'zstd':
      return zstd({ level: recipe.level, encoder: recipe.encoder })
    case 'gzip':
      return gzip({ level: recipe.level })
    case 'portable-gzip':
      return portableGzip({ level: recipe.level })
    case 'none':
      return uncompressed()
    case 'module': {
      const { default: make }: { default?: unknown } = await import(recipe.url)
      if (typeof make !== 'function')
        throw new OptionError('codec', recipe.url, 'a module whose default export makes a codec')
      return make(recipe.options) as Codec
    }
  }
}
