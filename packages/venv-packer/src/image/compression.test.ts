import { zstd } from 'squashfs-writer'
import { expect, it } from 'vitest'
import { BUNDLED_ZSTD_VERSION, chooseCompression } from './compression.js'

it('without a level each compressor has its default', () => {
  expect(chooseCompression('zstd', undefined, undefined)).toEqual({ name: 'zstd', level: 3 })
  expect(chooseCompression('gzip', undefined, undefined)).toEqual({ name: 'gzip', level: 9 })
  expect(chooseCompression('none', undefined, undefined)).toEqual({ name: 'none', level: undefined })
})

it('a level outside of the range is wrong usage, and the message names the range', () => {
  expect(() => chooseCompression('zstd', 23, undefined)).toThrow(
    '--level 23 does not exist for zstd: it goes from 1 to 22',
  )
  expect(() => chooseCompression('gzip', 10, undefined)).toThrow('1 to 9')
  expect(() => chooseCompression('gzip', 0, undefined)).toThrow('1 to 9')
  expect(() => chooseCompression('none', 1, undefined)).toThrow('has no --level')
})

it('only zstd has encoders', () => {
  expect(chooseCompression('zstd', 5, 'bundled')).toEqual({ name: 'zstd', level: 5, encoder: 'bundled' })
  expect(() => chooseCompression('gzip', undefined, 'node')).toThrow('--compression gzip has no --encoder')
})

it('the version of the bundled zstd is the one that the library records', () => {
  expect(zstd({ encoder: 'bundled' }).encoder).toEqual({ name: 'bundled', version: BUNDLED_ZSTD_VERSION })
})
