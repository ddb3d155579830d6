import { expect, it } from 'vitest'
import type { ContentReader, Piece } from '../image/content-reader.js'
import { fileNode } from '../tree/node.js'
import { type UnchangedOptions, unchangedFiles } from './unchanged-files.js'

const ATTRIBUTES = { mode: 0o644, uid: 0, gid: 0, mtime: 0, xattrs: null }

it('ends when its caller stops, even if reads in advance wait forever for a buffer', async () => {
  const [first, second] = [1, 2].map((size) =>
    fileNode(ATTRIBUTES, size, { kind: 'bytes', bytes: new Uint8Array(size) }),
  )
  const piece: Piece = { file: first!, content: 1, size: 1, digest: null, last: true, failure: null }
  const waiting: ContentReader = {
    async *read() {
      yield { pieces: [piece], tailBlocks: [], release: () => {} }
      await new Promise(() => {})
    },
  }
  const inBase = { inBase: { blocks: [], tail: null }, recorded: { digest: null }, asksXattrs: false }
  const same = { certain: new Map([[second!, inBase]]), candidates: new Map() }
  const options = { same, examination: null, recorder: null } as unknown as UnchangedOptions
  const reader = unchangedFiles(waiting, options, () => {})
  const plan = { blockOf: () => -1, tailsIn: () => 0 }
  const request = { wantsDigest: () => false, tailSize: () => 0, plan, wantsBlocks: () => true }
  const read: Piece[] = []
  for await (const batch of reader.read([first!, second!], request)) {
    read.push(...batch.pieces)
    if (read.length === 2) break
  }
  expect(read.map(({ file }) => file)).toEqual([first, second])
})
