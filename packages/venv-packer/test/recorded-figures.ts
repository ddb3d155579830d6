/** Finds marked figures in texts, and the recorded results that they refer to. */

/** A figure with its mark: `<!-- RESULTS section | [heading |] row | column -->0.98`. */
export interface MarkedFigure {
  /** The figure in the text, without commas between thousands. */
  readonly shown: string
  readonly section: string
  /** The heading of the table; undefined if the section has only one table. */
  readonly heading: string | undefined
  readonly row: string
  readonly column: string
  /** The paragraph of the figure, without marks. */
  readonly paragraph: string
}

/** A section of the recorded results. */
export interface Section {
  /** The day and the programs, as the record says them. */
  readonly date: string
  readonly versions: ReadonlyMap<string, string>
  /** By heading ('' for none), row and column. */
  readonly tables: ReadonlyMap<string, ReadonlyMap<string, ReadonlyMap<string, string>>>
}

const mark = /<!-- RESULTS ([^>]*?) -->(\d[\d.,]*\d|\d)?/g

/** Measured figures in a text: numbers with a unit of time or memory. */
/** Sizes in binary units are limits, not measurements. */
const measured = /\d[\d.,]*\s?(seconds?|minutes?|milliseconds?|s|ms|MB|GB|%|times)\b|\b0\.\d+ of\b/g

export function markedFigures(text: string): MarkedFigure[] {
  return paragraphs(text).flatMap((paragraph) =>
    [...paragraph.matchAll(mark)].map(([, source = '', shown = '']) => {
      const parts = source.split(' | ')
      const [section = '', ...rest] = parts
      const [heading, row, column] = rest.length === 3 ? rest : [undefined, ...rest]
      return {
        shown: shown.replaceAll(',', ''),
        section,
        heading,
        row: row ?? '',
        column: column ?? '',
        paragraph: paragraph.replace(mark, '$2').replace(/\s+/g, ' '),
      }
    }),
  )
}

/** Figures that look measured and have no mark. Code and tables are ignored. */
export function unmarkedFigures(text: string): string[] {
  return paragraphs(text)
    .filter((paragraph) => !paragraph.startsWith('|'))
    .flatMap((paragraph) =>
      [
        ...paragraph
          .replace(mark, '')
          .replace(/`[^`]*`/g, '')
          .matchAll(measured),
      ].map(([figure]) => figure),
    )
}

export function sectionsOf(results: string): ReadonlyMap<string, Section> {
  const sections = /<!-- begin (\S+) -->\n([\s\S]*?)<!-- end \1 -->/g
  return new Map([...results.matchAll(sections)].map(([, name = '', text = '']) => [name, sectionOf(text)]))
}

function sectionOf(text: string): Section {
  const [, date = '', programs = ''] = /^(\d{4}-\d\d-\d\d)\. (.*)$/m.exec(text) ?? []
  const versions = [...programs.matchAll(/([A-Za-z][\w-]*) (\d+(?:\.\d+)+)/g)]
  const tables = new Map<string, Map<string, Map<string, string>>>()
  for (const part of text.split(/^(?=### )/m)) {
    const heading = /^### (.*)$/m.exec(part)?.[1] ?? ''
    const [columns, , ...rows] = part
      .split('\n')
      .filter((line) => line.startsWith('|'))
      .map((line) =>
        line
          .split('|')
          .slice(1, -1)
          .map((cell) => cell.trim()),
      )
    if (columns === undefined) continue
    tables.set(
      heading,
      new Map(rows.map((row) => [row[0]!, new Map(row.map((cell, n) => [columns[n]!, cell]))])),
    )
  }
  return { date, versions: new Map(versions.map(([, name = '', version = '']) => [name, version])), tables }
}

/** The recorded figure, with as many digits as the text shows; undefined if the record has no such cell. */
export function recorded(
  { section, heading, row, column, shown }: MarkedFigure,
  all: ReadonlyMap<string, Section>,
) {
  const cell = all
    .get(section)
    ?.tables.get(heading ?? '')
    ?.get(row)
    ?.get(column)
  const value = Number(/^[\d.,]+/.exec(cell ?? '')?.[0].replaceAll(',', ''))
  return cell === undefined || Number.isNaN(value) ? undefined : toDigitsOf(shown, value)
}

/** Rounds 17122 to 17000 if the text shows 17000, and 3.29 to 3.3 if it shows 3.4. */
function toDigitsOf(shown: string, value: number): string {
  const [whole = '', fraction] = shown.split('.')
  if (fraction !== undefined) return value.toFixed(fraction.length)
  const unit = 10 ** (whole.length - whole.replace(/0+$/, '').length)
  return String(Math.round(value / unit) * unit)
}

function paragraphs(text: string): string[] {
  return text
    .replace(/^```[\s\S]*?^```$/gm, '')
    .split(/\n\s*\n/)
    .map((paragraph) => paragraph.trim())
    .filter((paragraph) => paragraph !== '')
}
