/** A reading: a format decoded from parts of a file. It asks for one after another, and whoever has the file gives them. */

/** Bytes of a file. */
export interface Range {
  readonly start: number
  readonly length: number
}

/** Asks for ranges, some at a time, and is given the bytes of each: fewer where the file ends before. */
export type Reading<T> = Generator<readonly Range[], T, readonly Buffer[]>

/** Asks for one range. */
export function* part(start: number, length: number): Reading<Buffer> {
  const [bytes] = yield [{ start, length }]
  return bytes!
}
