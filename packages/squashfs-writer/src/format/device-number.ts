/** Device numbers: major and minor in 32 bits, as the kernel decodes them (`new_decode_dev`, include/linux/kdev_t.h). */

/** 12 bits. */
export const MAX_MAJOR = 0xfff
/** 20 bits. */
export const MAX_MINOR = 0xf_ffff

/**
 * Encodes a device number.
 * @param major 0 to 4,095.
 * @param minor 0 to 1,048,575.
 */
export function encodeDeviceNumber(major: number, minor: number): number {
  return ((minor & 0xff) | (major << 8) | ((minor & ~0xff) << 12)) >>> 0
}

/** Decodes a device number into its major and minor number. */
export function decodeDeviceNumber(device: number): { readonly major: number; readonly minor: number } {
  return { major: (device >>> 8) & MAX_MAJOR, minor: (device & 0xff) | ((device >>> 12) & 0xfff00) }
}
