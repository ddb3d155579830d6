/** Tests zstd frames with the kernel, wherever in a page they end. `unsquashfs` accepts more. */
import { createHash } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { nodeBinary, run, withDirectory, withMount } from 'fixtures'
import { describe, expect, it } from 'vitest'

/** Packs pairs of files whose frames end near a page boundary, and prints the digest of each file. */
const SCRIPT = `
import { createHash } from 'node:crypto'
const [writer, encoder, blockSizeText, image] = process.argv.slice(2)
const { writeImage, zstd } = await import(writer)
const blockSize = Number(blockSizeText)
const PAGE = 4096
// The data of an image begins after the superblock and zstd's options.
const DATA_START = 96 + 6

// Bytes that do not compress, so they are stored as they are.
function noise(length, seed) {
  const bytes = new Uint8Array(length)
  for (let at = 0; at < length; at += 32)
    bytes.set(createHash('sha256').update(seed + ':' + at).digest().subarray(0, length - at), at)
  return bytes
}
// Text that compresses.
const text = (length, seed) => noise(length, seed).map((byte) => 97 + (byte % 16))

const codec = zstd({ encoder })
const entries = []
let position = DATA_START
for (let residue = -8; residue <= 8; residue++) {
  const seed = residue + 100
  const content = text(blockSize, seed)
  const frame = (await codec.compress(content)).length
  const distance = (((residue - position - frame) % PAGE) + PAGE) % PAGE
  const filler = noise(distance + PAGE, seed)
  entries.push({ type: 'file', path: seed + 'a-filler', content: filler })
  entries.push({ type: 'file', path: seed + 'b-text', content })
  position += filler.length + frame
}
await writeImage(entries, image, { codec, blockSize, fragments: 'never', deduplicate: false })
const sums = entries.map(({ path, content }) => [path, createHash('sha256').update(content).digest('hex')])
console.log(JSON.stringify({ sums, encoder: codec.encoder.name }))
`

describe.each([
  ['bundled', async () => process.execPath],
  ['node', () => nodeBinary('24.21.0')],
] as const)('the kernel reads frames by the %s encoder', (encoder, node) => {
  it.each(Array.from({ length: 9 }, (_, n) => 4096 << n))(
    'of blocks of %i bytes that end at any place around a page border',
    async (blockSize) => {
      await withDirectory(async (directory) => {
        const [script, image] = [join(directory, 'write.mjs'), join(directory, 'frames.squashfs')]
        await writeFile(script, SCRIPT)
        const writer = import.meta.resolve('squashfs-writer')
        const { stdout } = await run(await node(), [script, writer, encoder, `${blockSize}`, image])
        const written: { encoder: string; sums: [path: string, sum: string][] } = JSON.parse(
          stdout.toString(),
        )
        expect(written.encoder).toBe(encoder)
        expect(written.sums.length).toBe(34)
        await withMount(image, async (mountPoint) => {
          for (const [path, sum] of written.sums) {
            const content = await readFile(join(mountPoint, path))
            expect(createHash('sha256').update(content).digest('hex'), path).toBe(sum)
          }
        })
      })
    },
  )
})
