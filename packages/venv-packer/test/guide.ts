/** Parses the guide: the commands to type, and the output that it shows for them. */
import { readFileSync } from 'node:fs'

export const guide = readFileSync(new URL('../../../docs/guide.md', import.meta.url), 'utf8')

/** A block between fences. */
export interface Fence {
  /** `sh` for commands, `text` for the output of the block before it. */
  readonly language: string
  readonly text: string
  /** The number of its first line. */
  readonly line: number
  /** Whether it is marked as waiting for `venv-packer create`. */
  readonly needsCreate: boolean
}

/** Commands that a reader types, and their output. */
export interface Step extends Fence {
  /** The output that the guide shows; undefined if it shows none. */
  readonly output: string | undefined
}

const fence = /^(<!-- needs create -->\n\n?)?```(.*)\n([\s\S]*?)^```$/gm

export const fences: readonly Fence[] = [...guide.matchAll(fence)].map(
  ({ index, 1: mark, 2: language = '', 3: text = '' }) => ({
    language,
    text,
    line: `${guide.slice(0, index)}${mark ?? ''}`.split('\n').length,
    needsCreate: mark !== undefined,
  }),
)

export const steps: readonly Step[] = fences.flatMap((step, n) => {
  const next = fences[n + 1]
  return step.language === 'sh'
    ? [{ ...step, output: next?.language === 'text' ? next.text : undefined }]
    : []
})

/** Lines for comparison, without figures and column widths, which differ between machines. */
export function comparable(text: string): readonly string[] {
  const figure = /\d[\d.,:-]*( (bytes|[kMG]B|ms|s|min)\b)?/g
  return text
    .split('\n')
    .map((line) => line.replace(figure, '0').replace(/ +/g, ' ').trim())
    .filter((line) => line !== '' && line !== '...')
}
