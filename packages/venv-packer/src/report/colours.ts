/** Colours for terminals; on anything else, and where NO_COLOR asks for none (https://no-color.org), plain text. */
import { styleText } from 'node:util'

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

type Style = Parameters<typeof styleText>[0]
const styled = (style: Style) => (text: string) => styleText(style, text)
const asItIs = (text: string): string => text

const ansiColours: Colours = {
  error: styled(['bold', 'red']),
  warning: styled('yellow'),
  note: styled('cyan'),
  heading: styled('bold'),
  aside: styled('dim'),
}

export const noColours: Colours = {
  error: asItIs,
  warning: asItIs,
  note: asItIs,
  heading: asItIs,
  aside: asItIs,
}
