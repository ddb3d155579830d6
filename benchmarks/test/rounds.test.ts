import { expect, test } from 'vitest'
import { imageFault } from '../src/image-head.js'
import { parseMeasurement } from '../src/measure.js'
import { rotated } from '../src/rounds.js'

test('each round begins with another contender and leaves none out', () => {
  const rounds = [0, 1, 2, 3].map((round) => rotated(['A', 'B', 'C'], round).join(''))
  expect(rounds).toEqual(['ABC', 'BCA', 'CAB', 'ABC'])
  expect(rotated([], 4)).toEqual([])
})

test('user and system time are one figure', () => {
  const printed =
    '{"exitCode": 0, "timedOut": false, "wall": 2, "user": 3, "sys": 0.5, "maxrss": 4096, "others": 0.1}'
  expect(parseMeasurement(printed, 'said')).toEqual({
    exitCode: 0,
    timedOut: false,
    wall: 2,
    cpu: 3.5,
    memory: 4096,
    others: 0.1,
    output: 'said',
  })
  expect(() => parseMeasurement('{"exitCode": 0}', '')).toThrow(/wall/)
})

test('an image that is not what was asked for is named', () => {
  const settings = { compression: 'zstd', level: 3, blockSize: 131072 } as const
  const head = { inodes: 10, blockSize: 131072, compressor: 6 }
  expect(imageFault(head, settings, 10)).toBeUndefined()
  expect(imageFault(head, settings, undefined)).toBeUndefined()
  expect(imageFault(head, settings, 11)).toMatch(/10 inodes instead of 11/)
  expect(imageFault({ ...head, blockSize: 4096 }, settings, 10)).toMatch(/4096/)
  expect(imageFault({ ...head, compressor: 1 }, settings, 10)).toMatch(/zstd/)
})
