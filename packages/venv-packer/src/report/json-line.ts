/** The one line that `--json` prints. Apart from what is printed: commands that look into an image need no more. */
import { unprintable } from './printable.js'

/** What JSON leaves as it is and a terminal does not (DEL, C1, turns of the writing direction) is escaped, too. */
export function json(value: object): string {
  return JSON.stringify(value).replace(
    unprintable,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

export function line(value: object): string {
  return `${json(value)}\n`
}

export function rounded(value: number): number {
  return Math.round(value * 1000) / 1000
}
