import { describe, expect, it } from 'vitest'
import { LimitError } from '../errors.js'
import { createIdTable } from './id-table.js'

describe('the id table', () => {
  it('numbers uids and gids in the order of first use, each once', () => {
    const ids = createIdTable()
    expect([1000, 0, 1000, 0xffff_ffff, 0, 5].map(ids.indexOf)).toEqual([0, 1, 0, 2, 1, 3])
    expect(ids.count).toBe(4)
  })

  it('has records of 32 bits, ordered by index', () => {
    const ids = createIdTable()
    for (const id of [0x0403_0201, 0, 0xffff_fffe]) ids.indexOf(id)
    expect([...ids.records()].map((record) => Buffer.from(record).toString('hex'))).toEqual([
      '01020304',
      '00000000',
      'feffffff',
    ])
  })

  it('is empty at first', () => {
    const ids = createIdTable()
    expect(ids.count).toBe(0)
    expect([...ids.records()]).toEqual([])
  })

  it('holds 65,535 ids, and refuses one more with a remedy', () => {
    const ids = createIdTable()
    for (let id = 0; id < 65_535; id++) ids.indexOf(id)
    expect(ids.count).toBe(65_535)
    expect(ids.indexOf(65_534)).toBe(65_534)
    expect(() => ids.indexOf(65_535)).toThrow(
      new LimitError("more than 65535 distinct user and group ids; give all files one owner (owner: 'root')"),
    )
    expect(ids.indexOf(3)).toBe(3)
    expect(ids.count).toBe(65_535)
  })
})
