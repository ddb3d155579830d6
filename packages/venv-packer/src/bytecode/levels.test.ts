import { expect, it } from 'vitest'
import { parseLevels } from './levels.js'

it.each([
  ['0', [0]],
  ['2', [2]],
  ['0,1,2', [0, 1, 2]],
  ['2,0', [0, 2]],
  ['1,1', [1]],
])('the levels %s are %j', (text, levels) => {
  expect(parseLevels(text)).toEqual(levels)
})

it.each(['', '3', '0,', ',1', '0 1', '0,3', '-1', '00', 'all'])('%j is no list of levels', (text) => {
  expect(parseLevels(text)).toBeUndefined()
})
