/** Block settings: all that decides what a content becomes in the data of an image, as a text that can be compared. */
import type { ImageSettings } from '../image/write-tree.js'

/** @returns null where that cannot be said: a program's own codec that does not tell its encoder. */
export function blockSettings(settings: ImageSettings): string | null {
  const { codec, blockSize, fragments, deduplicate, uncompressed } = settings
  const { recipe, encoder } = codec
  const isOwn = recipe === undefined || recipe.kind === 'module'
  if (isOwn && encoder === undefined) return null
  return JSON.stringify({
    codec: codec.name,
    recipe: recipe ?? null,
    options: codec.options ? Buffer.from(codec.options).toString('hex') : null,
    // Node's zlib makes other bytes from one version to another.
    encoder: encoder ?? (recipe?.kind === 'gzip' ? { name: 'node', version: process.versions.zlib } : null),
    blockSize,
    fragments,
    deduplicate,
    uncompressed: { data: uncompressed.has('data'), fragments: uncompressed.has('fragments') },
  })
}
