import { runInNewContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import { bytesOf } from './bytes.js'

describe('bytes', () => {
  const buffer = Uint8Array.of(1, 2, 3, 4).buffer

  it.each<[string, unknown, number[]]>([
    ['text, as UTF-8', 'aé', [0x61, 0xc3, 0xa9]],
    ['a Uint8Array', Uint8Array.of(1, 2), [1, 2]],
    ['a Buffer', Buffer.from([1, 2]), [1, 2]],
    ['an ArrayBuffer', buffer, [1, 2, 3, 4]],
    ['a SharedArrayBuffer', new SharedArrayBuffer(2), [0, 0]],
    ['a view of wider numbers', new Uint16Array([1, 0x0203]), [1, 0, 3, 2]],
    ['a view of a part', new DataView(buffer, 1, 2), [2, 3]],
    ['an ArrayBuffer of another realm', runInNewContext('new ArrayBuffer(1)'), [0]],
    ['a view of another realm', runInNewContext('Uint16Array.of(1)'), [1, 0]],
  ])('are %s', (_, given, bytes) => {
    expect([...bytesOf(given)!]).toEqual(bytes)
  })

  it.each([[[1, 2]], [5], [null], [undefined], [{ length: 1, 0: 1 }], [true]])('are not %j', (given) => {
    expect(bytesOf(given)).toBeNull()
  })

  it('are not copied', () => {
    expect(bytesOf(buffer)!.buffer).toBe(buffer)
  })
})
