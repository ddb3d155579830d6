import { describe, expect, it } from 'vitest'
import { type FileNode, fileNode } from '../tree/node.js'
import { ContentAppender } from './content-appender.js'
import type { Piece } from './content-reader.js'
import { UNSHARED } from './lease.js'
import { PieceWriter } from './piece-writer.js'

const BLOCK = 4096
const failure = { code: 'EIO', message: 'input/output error' }

/** A piece writer, and the first byte of each block that it has appended. */
function writing(wantsBlocks = true) {
  const appended: number[] = []
  const appender = new ContentAppender(
    { append: (block) => 'data' in block && appended.push(block.data[0]!) },
    {
      add: () => ({ fragment: 0, fragmentOffset: 0 }),
      addFromBase: () => ({ fragment: 0, fragmentOffset: 0 }),
    },
    BLOCK,
  )
  const done: FileNode[] = []
  const pieces = new PieceWriter(appender, { fileDone: (file) => done.push(file) }, () => wantsBlocks)
  return { appended, done, pieces, write: (piece: Piece) => pieces.write(piece, UNSHARED) }
}

function fileOf(blocks = 1): FileNode {
  const attributes = { mode: 0, uid: 0, gid: 0, mtime: 0, xattrs: null }
  return fileNode(attributes, blocks * BLOCK, { kind: 'bytes', bytes: new Uint8Array(0) })
}

/** A piece of one block, whose bytes have one value. */
const piece = (file: FileNode, value: number, changes: Partial<Piece> = {}): Piece => ({
  file,
  content: { blocks: new Uint8Array(100).fill(value), sizeWords: [100], inBlocks: BLOCK, tail: null },
  size: BLOCK,
  digest: null,
  last: true,
  failure: null,
  ...changes,
})

const failed = (file: FileNode) => piece(file, 0, { content: 0, failure })

describe('the piece writer', () => {
  it('appends pieces in order', () => {
    const { appended, write } = writing()
    const large = fileOf(2)
    write(piece(large, 1, { last: false }))
    write(piece(large, 2))
    write(piece(fileOf(), 3))
    expect(appended).toEqual([1, 2, 3])
  })

  it('gives a file with an earlier digest the placement of the earlier file, and appends nothing', () => {
    const { appended, pieces, write } = writing()
    const [first, again] = [fileOf(), fileOf()]
    write(piece(first, 1, { digest: 'a' }))
    write(piece(again, 1, { digest: 'a' }))
    expect(appended).toEqual([1])
    expect(again.placement).toBe(first.placement)
    expect(pieces.duplicates).toEqual({ files: 1, bytes: BLOCK })
  })

  it('drops pieces of a file after its failure, and keeps the first reason', () => {
    const { appended, pieces, write } = writing()
    const bad = fileOf(3)
    write(piece(bad, 1, { last: false }))
    write(failed(bad))
    write(piece(bad, 2))
    write(piece(bad, 0, { failure: { ...failure, code: 'CHANGED' } }))
    write(piece(fileOf(), 3))
    expect(appended).toEqual([1, 3])
    expect([...pieces.failures]).toEqual([[bad, failure]])
  })

  it('calls fileDone once for each file, also for failed ones and duplicates', () => {
    const { done, write } = writing()
    const [large, bad, again] = [fileOf(2), fileOf(2), fileOf(2)]
    write(piece(large, 1, { digest: 'a', last: false }))
    expect(done).toEqual([])
    write(piece(large, 2))
    write(failed(bad))
    write(piece(bad, 2))
    write(piece(again, 1, { digest: 'a' }))
    expect(done).toEqual([large, bad, again])
  })

  it('does not use a failed file as the original of a duplicate', () => {
    const { appended, pieces, write } = writing()
    const [bad, next, again] = [fileOf(2), fileOf(2), fileOf(2)]
    write(piece(bad, 1, { digest: 'a', last: false }))
    write(failed(bad))
    write(piece(next, 2, { digest: 'a', last: false }))
    write(piece(next, 3))
    write(piece(again, 0, { content: null, digest: 'a' }))
    expect(appended).toEqual([1, 2, 3])
    expect(again.placement).toBe(next.placement)
    expect(pieces.failures.size).toBe(1)
  })

  it('fails a duplicate whose original has failed', () => {
    const { pieces, write } = writing()
    const [bad, left] = [fileOf(2), fileOf(2)]
    write(piece(bad, 1, { digest: 'a', last: false }))
    write(failed(bad))
    write(piece(left, 0, { content: null, digest: 'a' }))
    expect(pieces.failures.get(left)?.code).toBe('CHANGED')
    expect(left.placement).toBeNull()
  })

  it('appends nothing if content is only read to find errors, but records failures', () => {
    const { appended, pieces, write } = writing(false)
    const [good, bad] = [fileOf(), fileOf()]
    write(piece(good, 1, { digest: 'a' }))
    write(failed(bad))
    expect(appended).toEqual([])
    expect(good.placement).toBeNull()
    expect([...pieces.failures.keys()]).toEqual([bad])
  })
})
