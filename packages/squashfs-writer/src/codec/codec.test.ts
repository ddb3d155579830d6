import { describe, expect, it } from 'vitest'
import { uncompressed } from './codec.js'

describe('uncompressed()', () => {
  it('leaves every block uncompressed, and has the id of gzip', () => {
    const codec = uncompressed()
    expect(codec).toMatchObject({ name: 'none', id: 1, uncompressed: true })
    expect(codec.options).toBeUndefined()
    const bytes = new Uint8Array(100)
    expect(codec.compress(bytes)).toBe(bytes)
  })
})
