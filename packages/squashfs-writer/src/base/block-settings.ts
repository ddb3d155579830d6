/** Block settings: the settings that decide the blocks of a content, as text to compare. */
import type { ImageSettings } from '../image/write-tree.js'

/** @returns null for a custom codec that does not declare its encoder. */
export function blockSettings(settings: ImageSettings): string | null {
  const { codec, blockSize, fragments, deduplicate, uncompressed } = settings
  const { recipe, encoder } = codec
  const isOwn = recipe === undefined || recipe.kind === 'module'
  if (isOwn && encoder === undefined) return null
  return JSON.stringify({
    codec: codec.name,
    recipe: recipe ?? null,
    options: codec.options ? Buffer.from(codec.options).toString('hex') : null,
    // The bytes of Node's zlib differ between versions.
    encoder: encoder ?? (recipe?.kind === 'gzip' ? { name: 'node', version: process.versions.zlib } : null),
    blockSize,
    fragments,
    deduplicate,
    uncompressed: { data: uncompressed.has('data'), fragments: uncompressed.has('fragments') },
  })
}
