/** zstd frames as the kernel takes them, wherever in a page they end: what `unsquashfs` forgives shows only here. */
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { withFolder, withMount } from 'fixtures'
import { type Entry, writeImage, zstd } from 'squashfs-writer'
import { expect, it } from 'vitest'

const PAGE = 4096
/** Where the data of an image with zstd's options begins: superblock, options. */
const DATA_START = 96 + 6

/** Bytes that do not compress, and so are stored as long as they are. */
function noise(length: number, seed: number): Uint8Array {
  const bytes = new Uint8Array(length)
  for (let at = 0; at < length; at += 32) {
    const piece = createHash('sha256').update(`${seed}:${at}`).digest()
    bytes.set(piece.subarray(0, length - at), at)
  }
  return bytes
}

/** Text that does. */
function text(length: number, seed: number): Uint8Array {
  return Uint8Array.from(noise(length, seed), (byte) => 97 + (byte % 16))
}

it.each([131_072, 262_144, 1_048_576])(
  'the kernel reads blocks of %i bytes whose frames end at any place around a page border',
  async (blockSize) => {
    const codec = zstd()
    const entries: (Entry & { content: Uint8Array })[] = []
    let position = DATA_START
    for (let residue = -8; residue <= 8; residue++) {
      const seed = residue + 100
      const content = text(blockSize, seed)
      const frame = (await codec.compress(content)).length
      const distance = (((residue - position - frame) % PAGE) + PAGE) % PAGE
      const filler = noise(distance + PAGE, seed)
      entries.push({ type: 'file', path: `${seed}a-filler`, content: filler })
      entries.push({ type: 'file', path: `${seed}b-text`, content })
      position += filler.length + frame
    }
    await withFolder(async (folder) => {
      const image = join(folder, 'frames.squashfs')
      await writeImage(entries, image, { codec, blockSize, fragments: 'never', deduplicate: false })
      await withMount(image, async (mountPoint) => {
        for (const { path, content } of entries)
          expect((await readFile(join(mountPoint, `${path}`))).equals(content), `${path}`).toBe(true)
      })
    })
  },
)
