import { expect, it } from 'vitest'
import { bytes, count, counted, duration, percent, wholeSeconds } from './figures.js'

it('counts have commas between thousands', () => {
  expect([0, 999, 1000, 23_260, 1_234_567].map(count)).toEqual(['0', '999', '1,000', '23,260', '1,234,567'])
  expect([counted(1, 'file'), counted(2, 'file'), counted(0, 'entry', 'entries')]).toEqual([
    '1 file',
    '2 files',
    '0 entries',
  ])
})

it('bytes have the unit that fits', () => {
  expect([0, 999, 1000, 999_949, 999_950, 553_123_456, 2e12].map(bytes)).toEqual([
    '0 bytes',
    '999 bytes',
    '1.0 kB',
    '999.9 kB',
    '1.0 MB',
    '553.1 MB',
    '2.0 TB',
  ])
})

it('times have the units that fit', () => {
  expect([0, 1.94, 59.94, 59.96, 65, 3599.6, 3_725].map(duration)).toEqual([
    '0.0 s',
    '1.9 s',
    '59.9 s',
    '1 min 00 s',
    '1 min 05 s',
    '1 h 00 min',
    '1 h 02 min',
  ])
  expect(wholeSeconds(-1)).toBe('0 s')
})

it('shares are in percent, also when the whole is 0', () => {
  expect([percent(157, 553), percent(4096, 0)]).toEqual(['28.4 %', '100.0 %'])
})
