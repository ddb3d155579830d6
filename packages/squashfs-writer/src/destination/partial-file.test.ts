import { describe, expect, it } from 'vitest'
import { makerOf, partialName } from './partial-file.js'

const run = { place: '3f9a2c1b7d4e', pid: 4711, started: '883726' }

describe('the name of a partial file', () => {
  it.each([
    'venv.squashfs',
    'a',
    '.hidden',
    'with blank (1)',
    '名'.repeat(85),
    'x'.repeat(255),
    'é€'.repeat(51),
  ])('of the image %s identifies the run, and fits into 255 bytes', (image) => {
    const name = partialName(image, run)
    expect(Buffer.byteLength(name)).toBeLessThanOrEqual(255)
    expect(makerOf(name, image)).toEqual(run)
  })

  it('is different each time', () => {
    expect(partialName('a', run)).not.toBe(partialName('a', run))
  })

  it('is not mistaken for that of another image', () => {
    const name = partialName('venv.squashfs', run)
    for (const image of ['venv', 'venv.squashf', 'venv.squashfs.1', 'env.squashfs', '']) {
      expect(makerOf(name, image)).toBe(null)
    }
  })

  it.each([
    'venv.squashfs',
    '.venv.squashfs.partial',
    '.venv.squashfs.4711.0badcafe.partial',
    'venv.squashfs.3f9a2c1b7d4e-4711-883726-0badcafe.partial',
    '.venv.squashfs.3f9a2c1b7d4e-4711-883726-0badcafe.partial.bak',
    '.venv.squashfs.3f9a2c1b7d4e-4711-883726-0badcafe.part',
    '.venv.squashfs.3f9a2c1b7d4e-4711-883726-0badcafe0.partial',
    '.venv.squashfs.3F9A2C1B7D4E-4711-883726-0badcafe.partial',
    '.venv.squashfs.3f9a2c1b7d4e-0-883726-0badcafe.partial',
    '.venv.squashfs.3f9a2c1b7d4e--1-883726-0badcafe.partial',
    '.venv.squashfs.3f9a2c1b7d4e-4711--0badcafe.partial',
    '.venv.squashfs..3f9a2c1b7d4e-4711-883726-0badcafe.partial',
    '.venv.squashfs.3f9a2c1b7d4e-4711-883726-0badcafe.partial\n',
  ])('is not %j', (name) => {
    expect(makerOf(name, 'venv.squashfs')).toBe(null)
  })
})
