/** Colours text for terminals. Output that is not a terminal, and users who set NO_COLOR (https://no-color.org), get plain text. */

export interface Colours {
  readonly error: (text: string) => string
  readonly warning: (text: string) => string
  readonly note: (text: string) => string
  readonly heading: (text: string) => string
  readonly aside: (text: string) => string
}

export function coloursFor(
  stream: { readonly isTTY?: boolean },
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Colours {
  const plain = stream.isTTY !== true || Boolean(environment.NO_COLOR) || environment.TERM === 'dumb'
  return plain ? noColours : ansiColours
}

/** @param on @param off the SGR codes of ECMA-48 that switch the style on and off. */
const styled = (on: number, off: number) => (text: string) => `\u001b[${on}m${text}\u001b[${off}m`
const unchanged = (text: string): string => text

const ansiColours: Colours = {
  error: styled(31, 39),
  warning: styled(33, 39),
  note: styled(36, 39),
  heading: styled(1, 22),
  aside: styled(2, 22),
}

const noColours: Colours = {
  error: unchanged,
  warning: unchanged,
  note: unchanged,
  heading: unchanged,
  aside: unchanged,
}
