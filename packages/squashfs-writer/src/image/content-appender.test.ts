import { describe, expect, it } from 'vitest'
import { NO_FRAGMENT } from '../format/fragment.js'
import type { Placement } from '../tree/placement.js'
import type { BaseFragmentPart } from './base-block.js'
import type { BlockWriter } from './block-writer.js'
import { ContentAppender } from './content-appender.js'
import type { Fragments } from './fragments.js'

const BLOCK = 4096
const STORED = 0x0100_0000

const emptyPlacement = (): Placement => ({
  start: 0,
  blockSizes: [],
  sparse: 0,
  fragment: NO_FRAGMENT,
  fragmentOffset: 0,
})

/** An appender, and its blocks and tails in the order in which it passes them on. */
function listing() {
  const events: string[] = []
  const written: (() => void)[] = []
  let position = 96
  const writer: Pick<BlockWriter, 'append'> = {
    append(block, onWritten, release) {
      if (block instanceof Promise) throw new Error('a block is given encoded')
      const what = 'data' in block ? `block of ${block.data.length}` : `base block at ${block.position}`
      events.push(what)
      written.push(() => {
        onWritten(position, block.sizeWord)
        position += BLOCK
        release?.()
      })
    },
  }
  const fragments: Pick<Fragments, 'add' | 'addFromBase'> = {
    add(tail, _lease, inBase) {
      events.push(`tail of ${tail.length}${inBase ? ', known in the base' : ''}`)
      return { fragment: 7, fragmentOffset: 70 }
    },
    addFromBase({ length }) {
      events.push(`base tail of ${length}`)
      return { fragment: 8, fragmentOffset: 80 }
    },
  }
  const lease = {
    held: 0,
    acquire: () => {
      lease.held++
    },
    release: () => {
      lease.held--
    },
  }
  return { events, written, lease, appender: new ContentAppender(writer, fragments, BLOCK) }
}

describe('encoded content', () => {
  it('appends its blocks in order, then its tail, and counts its holes', () => {
    const { appender, events, lease } = listing()
    const placement = emptyPlacement()
    const sizeWords = [100, 0, STORED + BLOCK]
    const blocks = new Uint8Array(100 + BLOCK)
    const tail = new Uint8Array(5)
    appender.appendEncoded(placement, { blocks, sizeWords, inBlocks: 3 * BLOCK, tail }, lease)
    expect(events).toEqual(['block of 100', `block of ${BLOCK}`, 'tail of 5'])
    expect(placement).toMatchObject({
      blockSizes: sizeWords,
      sparse: BLOCK,
      fragment: 7,
      fragmentOffset: 70,
    })
  })

  it('counts the actual length of a last block that is a hole', () => {
    const { appender, events, lease } = listing()
    const placement = emptyPlacement()
    const blocks = new Uint8Array(0)
    appender.appendEncoded(placement, { blocks, sizeWords: [0, 0], inBlocks: BLOCK + 9, tail: null }, lease)
    expect(events).toEqual([])
    expect(placement).toMatchObject({ sparse: BLOCK + 9, fragment: NO_FRAGMENT })
  })

  it('holds the lease for each block until that block is written', () => {
    const { appender, written, lease } = listing()
    const content = { blocks: new Uint8Array(30), sizeWords: [10, 20], inBlocks: 2 * BLOCK, tail: null }
    appender.appendEncoded(emptyPlacement(), content, lease)
    expect(lease.held).toBe(2)
    for (const write of written) write()
    expect(lease.held).toBe(0)
  })

  it('has the position of its first block, also in several parts', () => {
    const { appender, written, lease } = listing()
    const placement = emptyPlacement()
    const part = { blocks: new Uint8Array(10), sizeWords: [10], inBlocks: BLOCK, tail: null }
    appender.appendEncoded(placement, part, lease)
    appender.appendEncoded(placement, part, lease)
    for (const write of written) write()
    expect(placement).toMatchObject({ start: 96, blockSizes: [10, 10] })
  })
})

describe('zeros that were not read', () => {
  it('become holes and a tail of zeros', () => {
    const { appender, events } = listing()
    const placement = emptyPlacement()
    appender.appendZeros(placement, BLOCK + 1, BLOCK + 1)
    appender.appendZeros(placement, BLOCK, BLOCK + 6)
    expect(events).toEqual(['tail of 6'])
    expect(placement).toMatchObject({ blockSizes: [0, 0, 0], sparse: 2 * BLOCK + 1, fragment: 7 })
  })
})

describe('content of the base', () => {
  it('appends its blocks in order and then its tail, with holes between', () => {
    const { appender, events } = listing()
    const placement = emptyPlacement()
    const tail: BaseFragmentPart = {
      block: { position: 900, sizeWord: 50, filled: 60 },
      offset: 0,
      length: 3,
    }
    const blocks = [{ position: 500, sizeWord: 40 }, null, { position: 540, sizeWord: 41 }]
    appender.appendFromBase(placement, { blocks, tail }, 3 * BLOCK + 3)
    expect(events).toEqual(['base block at 500', 'base block at 540', 'base tail of 3'])
    expect(placement).toMatchObject({ blockSizes: [40, 0, 41], sparse: BLOCK, fragment: 8 })
  })
})
