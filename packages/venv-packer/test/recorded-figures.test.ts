/** Tests that the figures in READMEs and guide are those of benchmarks/RESULTS.md, with their date and versions. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { markedFigures, recorded, sectionsOf, unmarkedFigures } from './recorded-figures.js'

const read = (path: string): string => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8')
const results = sectionsOf(read('benchmarks/RESULTS.md'))

const documents = [
  'README.md',
  'packages/venv-packer/README.md',
  'packages/squashfs-writer/README.md',
  'docs/guide.md',
]

describe.each(documents)('in %s', (document) => {
  const figures = markedFigures(read(document))

  it('every figure with a mark is the recorded one', () => {
    for (const figure of figures) {
      const { section, heading, row, column } = figure
      const source = [section, heading, row, column].filter((part) => part !== undefined).join(' | ')
      expect(`${source}: ${figure.shown}`).toBe(`${source}: ${recorded(figure, results) ?? 'not recorded'}`)
    }
  })

  it('every paragraph with such figures names the day and the version of their record', () => {
    for (const { section, paragraph } of figures) {
      const { date, versions } = results.get(section)!
      expect(paragraph).toContain(date)
      expect(paragraph).toContain(`venv-packer ${versions.get('venv-packer')}`)
      for (const [program, version] of versions) {
        if (paragraph.replaceAll('`', '').includes(`${program} `))
          expect(
            `${section}: ${paragraph.match(new RegExp(`${program} (\\d[\\d.]*\\d)`))?.[1] ?? version}`,
          ).toBe(`${section}: ${version}`)
      }
    }
  })

  it('no figure that looks measured is without a mark', () => {
    expect(unmarkedFigures(read(document))).toEqual([])
  })
})

describe('a mark', () => {
  const sections = sectionsOf(`<!-- begin venv -->
2026-01-02. venv-packer 1.0.0 on Node 20.20.2, mksquashfs 4.5.1. 2 cores.

|      |     Wall time, s | Calls  |
| ---- | ---------------: | -----: |
| ours | 3.29 (3.01–3.40) | 17,122 |
<!-- end venv -->`)

  it.each([
    ['3.3', 'Wall time, s', '3.3'],
    ['3.4', 'Wall time, s', '3.3'],
    ['3', 'Wall time, s', '3'],
    ['17,000', 'Calls', '17000'],
    ['18,000', 'Calls', '17000'],
    ['17,122', 'Calls', '17122'],
    ['5', 'Nothing', undefined],
  ])('shows %s of %s: recorded as %s', (shown, column, found) => {
    const [figure] = markedFigures(`It takes <!-- RESULTS venv | ours | ${column} -->${shown} of it.`)
    expect(recorded(figure!, sections)).toBe(found)
  })

  it('is missed where a figure has none', () => {
    expect(
      unmarkedFigures('It takes 3.3 s, `0.5 s`, and <!-- RESULTS venv | ours | Calls -->17,000 times.'),
    ).toEqual(['3.3 s'])
  })
})
