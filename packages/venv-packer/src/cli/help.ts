/** Makes the help texts from the table of commands. */
import { wrapped } from '../terminal/printable.js'
import { commands } from './commands.js'
import type { CommandRow } from './table.js'

/** The maximal width of the help texts, in columns. */
const WIDTH = 90

const LAST_OPTIONS = [
  ['-h, --help', 'print this help'],
  ['-V, --version', 'print the version'],
] as const

/** A heading with words and their explanations. */
interface Section {
  readonly title: string
  readonly rows: readonly (readonly [words: string, help: string])[]
}

/** The help of a command. */
export function commandHelp(name: string, row: CommandRow): string {
  const sections = row.options.map(
    ({ title, rows }, n): Section => ({
      title,
      rows: [
        ...Object.values(rows).map(({ flags, help }) => [flags, help] as const),
        ...(n === row.options.length - 1 ? LAST_OPTIONS : []),
      ],
    }),
  )
  return paragraphs([
    `Usage: venv-packer ${name} ${row.usage}`,
    row.about,
    ...sectionTexts([...sections, ...(row.terms ? [row.terms] : [])]),
    row.note,
    row.examples && `Examples:\n${row.examples}`,
    row.exitCodes && `Exit codes: ${row.exitCodes}`,
  ])
}

/** The help of the program. */
export function programHelp(): string {
  return paragraphs([
    'Usage: venv-packer <command> [options]',
    'Packs a Python virtual environment into one squashfs image that the kernel mounts.',
    ...sectionTexts([
      { title: 'Commands', rows: Object.values(commands).map(({ short, summary }) => [short, summary]) },
      {
        title: 'Options',
        rows: [
          ['-h, --help', 'print this help; venv-packer pack --help prints that of a command'],
          [
            '-V, --version',
            'print the version; with --json also those of Node and zstd, and the platform, for bug reports',
          ],
        ],
      },
    ]),
    `Examples:
  venv-packer pack .venv --compile            writes venv.squashfs
  venv-packer run venv.squashfs -- python     runs Python in its environment
  venv-packer pack .venv --compile --keep 2   replaces it, and keeps the old image`,
  ])
}

function paragraphs(texts: readonly (string | undefined)[]): string {
  return `${texts.filter((text) => text !== undefined).join('\n\n')}\n`
}

/** The explanations of all sections begin in the same column. */
function sectionTexts(sections: readonly Section[]): readonly string[] {
  const column = 4 + Math.max(...sections.flatMap(({ rows }) => rows.map(([words]) => words.length)))
  return sections.map(({ title, rows }) =>
    [`${title}:`, ...rows.flatMap((row) => rowLines(row, column))].join('\n'),
  )
}

function rowLines([words, help]: Section['rows'][number], column: number): readonly string[] {
  return wrapped(help, WIDTH - column).map((line, n) => (n === 0 ? `  ${words}` : '').padEnd(column) + line)
}
