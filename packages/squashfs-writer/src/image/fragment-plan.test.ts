import { describe, expect, it } from 'vitest'
import { fileNode } from '../tree/node.js'
import { planFragments } from './fragment-plan.js'

const ATTRIBUTES = { mode: 0, uid: 0, gid: 0, mtime: 0, xattrs: null }

/** Files of these sizes, with the odd inode numbers. */
const filesOf = (sizes: readonly number[]) =>
  sizes.map((size, n) => {
    const file = fileNode(ATTRIBUTES, size, { kind: 'bytes', bytes: new Uint8Array(0) })
    file.number = 2 * n + 1
    return file
  })

describe('the plan of fragments', () => {
  it('fills each block with the next tails until one does not fit', () => {
    const files = filesOf([40, 60, 1, 100, 99, 0, 1, 1])
    const plan = planFragments(files, ({ size }) => size, 100)
    expect(files.map((file) => plan.blockOf(file))).toEqual([0, 0, 1, 2, 3, -1, 3, 4])
    expect([0, 1, 2, 3, 4, 5].map((block) => plan.tailsIn(block))).toEqual([2, 1, 1, 2, 1, 0])
  })

  it('counts only the tail of a file', () => {
    const files = filesOf([250, 100, 330])
    const plan = planFragments(files, ({ size }) => size % 100, 100)
    expect(files.map((file) => plan.blockOf(file))).toEqual([0, -1, 0])
  })

  it('is empty for no files', () => {
    const plan = planFragments([], ({ size }) => size, 100)
    expect([plan.tailsIn(0), plan.blockOf(filesOf([1])[0]!)]).toEqual([0, -1])
  })
})
