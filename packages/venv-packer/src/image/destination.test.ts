import { expect, it } from 'vitest'
import { defaultImageName } from './destination.js'

it.each([
  ['/scratch/demo/.venv', 'venv.squashfs'],
  ['/scratch/demo/env', 'env.squashfs'],
  ['/scratch/py.env', 'py.env.squashfs'],
  ['/scratch/..x', '.x.squashfs'],
  ['/', 'root.squashfs'],
])('the image of %s is called %s', (directory, image) => {
  expect(defaultImageName(directory)).toBe(image)
})
