/** JSON on standard output: one object on one line. Its fields are described in the README; they are added to, never renamed. */
import { unprintable } from './printable.js'

/** Characters that JSON leaves as they are and that a terminal obeys (DEL, C1, turns of the writing direction) are escaped, too. */
export function line(value: object): string {
  const json = JSON.stringify(value).replace(
    unprintable,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
  return `${json}\n`
}

export function rounded(value: number): number {
  return Math.round(value * 1000) / 1000
}
