import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeDeviceNumber, encodeDeviceNumber, MAX_MAJOR, MAX_MINOR } from './device-number.js'

/** `new_decode_dev` of include/linux/kdev_t.h, in arithmetic without a sign bit. */
function decodeAsLinuxDoes(device: number): { major: number; minor: number } {
  const dev = BigInt(device)
  return {
    major: Number((dev & 0xfff00n) >> 8n),
    minor: Number((dev & 0xffn) | ((dev >> 12n) & 0xfff00n)),
  }
}

describe('a device number', () => {
  it.each([
    ['/dev/null', 1, 3, 0x103],
    ['/dev/sda1', 8, 1, 0x801],
    ['the last minor of 8 bits', 8, 255, 0x8ff],
    ['the first minor of 9 bits', 8, 256, 0x10_0800],
    ['the last minor', 0, 1_048_575, 0xfff0_00ff],
    ['the last major', 4095, 0, 0xf_ff00],
    ['the last of all', 4095, 1_048_575, 0xffff_ffff],
    ['none', 0, 0, 0],
  ])('%s, %d:%d, is encoded as in Linux', (_, major, minor, device) => {
    expect(encodeDeviceNumber(major, minor)).toBe(device)
  })

  it('is decoded like in the kernel, for every major and minor', () => {
    expect([MAX_MAJOR, MAX_MINOR]).toEqual([4095, 1_048_575])
    fc.assert(
      fc.property(fc.nat(MAX_MAJOR), fc.nat(MAX_MINOR), (major, minor) => {
        expect(decodeAsLinuxDoes(encodeDeviceNumber(major, minor))).toEqual({ major, minor })
        expect(decodeDeviceNumber(encodeDeviceNumber(major, minor))).toEqual({ major, minor })
      }),
    )
  })
})
