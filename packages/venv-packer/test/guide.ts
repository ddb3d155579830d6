/** The guide as its reader meets it: the blocks to be typed, and what they are said to print. */
import { readFileSync } from 'node:fs'

export const guide = readFileSync(new URL('../../../docs/guide.md', import.meta.url), 'utf8')

/** A block between fences. */
export interface Fence {
  /** `sh` is typed, `text` is what the block before it prints. */
  readonly language: string
  readonly text: string
  /** Where it begins in the guide. */
  readonly line: number
  /** Marked as one that waits for `venv-packer create`. */
  readonly needsCreate: boolean
}

/** A command that a reader of the guide types, and its result. */
export interface Step extends Fence {
  /** The output that the guide shows; undefined where it shows none. */
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

/** Lines as a reader compares them: figures differ from one machine to the next, and so does the width of columns. */
export function comparable(text: string): readonly string[] {
  const figure = /\d[\d.,:-]*( (bytes|[kMG]B|ms|s|min)\b)?/g
  return text
    .split('\n')
    .map((line) => line.replace(figure, '0').replace(/ +/g, ' ').trim())
    .filter((line) => line !== '' && line !== '...')
}
