import { describe, expect, test } from 'vitest'
import { chart } from '../src/report/chart.js'
import { formatSpread, METADATA, seconds } from '../src/report/figures.js'
import { withSection } from '../src/report/results-file.js'
import { caseTable, markdownTable } from '../src/report/table.js'
import { sampleImports, sampleRecord } from './sample-record.js'

const result = sampleRecord.results[0]!

describe('figures', () => {
  test('seconds have the digits that mean something', () => {
    expect([0.0412, 2.414, 13.62, 312.4].map(seconds)).toEqual(['0.041', '2.41', '13.6', '312'])
  })

  test('a small part has a digit that is not 0', () => {
    expect([1.5, 0.04, 0.0042].map(METADATA.formatRatio)).toEqual(['1.50', '0.04', '0.004'])
  })

  test('a value that does not vary stands alone', () => {
    expect(formatSpread({ median: 2.5, min: 2.4, max: 2.9 }, seconds)).toBe('2.50 (2.40–2.90)')
    expect(formatSpread({ median: 2.5, min: 2.5, max: 2.5 }, seconds)).toBe('2.50')
  })
})

describe('tables', () => {
  test('columns are as wide as their widest cell, figures to the right', () => {
    expect(
      markdownTable([
        ['', 'a'],
        ['name', '12345'],
      ]),
    ).toBe('|      |     a |\n| ---- | ----: |\n| name | 12345 |')
  })

  test('a case has its medians, extremes and ratios', () => {
    const ours = caseTable(result)
      .split('\n')
      .find((line) => line.includes('venv-packer'))
    const cells = ours?.split('|').map((cell) => cell.trim())
    expect(cells?.slice(1, -1)).toEqual([
      'venv-packer',
      '1.50 (1.40–1.70)',
      '2.85 (2.66–3.23)',
      '130',
      '157,000,000',
      '0.60',
      '0.60',
      '0.19',
      '0.9980',
    ])
  })

  test('imports from the image stand beside those from the directory, with the calls they made', () => {
    const [head, , ...rows] = caseTable(sampleImports)
      .split('\n')
      .map((line) =>
        line
          .split('|')
          .slice(1, -1)
          .map((cell) => cell.trim()),
      )
    expect(head).toEqual([
      '',
      ...['Wall time, s', 'Metadata, calls', 'Reads, calls'],
      ...['Wall time ÷', 'Metadata ÷', 'Reads ÷'],
    ])
    expect(rows).toEqual([
      ['directory, one', '4.00', '3,400', '300', '1.00', '1.00', '1.00'],
      ['image, one', '1.00', '17', '300', '0.25', '0.005', '1.00'],
      ['directory, eight', '8.00', '6,800', '300', '1.00', '1.00', '1.00'],
      ['image, eight', '4.00', '17', '300', '0.50', '0.003', '1.00'],
    ])
  })

  test('who was stopped has no figures, and every row has as many cells', () => {
    const rows = caseTable(result).split('\n')
    expect(rows.find((row) => row.includes('tar & gzip'))).toContain('not done after 300')
    expect(new Set(rows.map((row) => row.split('|').length)).size).toBe(1)
  })
})

describe('the results file', () => {
  test('a new section comes last, under the preamble', () => {
    const text = withSection('', sampleRecord)
    expect(text).toMatch(/^# Results\n/)
    expect(text).toContain('pnpm bench sample --record')
    expect(text).toContain('Ratios to mksquashfs.')
    expect(text.endsWith('<!-- end sample -->\n')).toBe(true)
  })

  test('a section is replaced where it stands, and the others stay', () => {
    const other = { ...sampleRecord, scenario: { ...sampleRecord.scenario, name: 'other' } }
    const both = withSection(withSection('', sampleRecord), other)
    const again = withSection(both, { ...sampleRecord, date: '2026-01-01' })
    expect(again).toBe(both.replace('2025-01-31', '2026-01-01'))
  })

  test('a section without its end is not guessed at', () => {
    expect(() => withSection('<!-- begin sample -->\n', sampleRecord)).toThrow(/end sample/)
  })
})

describe('the chart', () => {
  const drawing = chart(sampleRecord)

  test('has a bar for every figure, ours in a colour of its own', () => {
    const bars = [...drawing.matchAll(/<rect x="[^"]+" y="[^"]+" width="([^"]+)"[^>]*fill="([^"]+)"/g)]
    expect(bars).toHaveLength(3 * 3 + 2)
    expect(new Set(bars.map(([, , fill]) => fill)).size).toBe(2)
    const [ours, theirs] = bars.map(([, width]) => Number(width))
    expect(ours! / theirs!).toBeCloseTo(0.6, 2)
  })

  test('colours what is read from the image, and compares it with the directory', () => {
    const imports = chart({ ...sampleRecord, results: [sampleImports] })
    const fills = [...imports.matchAll(/<rect x="[^"]+" y="[^>]*fill="([^"]+)"/g)].map(([, fill]) => fill)
    expect(fills).toHaveLength(4 * 3)
    expect(new Set(fills.filter((_, bar) => bar % 2 === 1)).size).toBe(1)
    expect(fills[0]).not.toBe(fills[1])
    expect([...imports.matchAll(/\(([\d.]+) ×\)/g)].map(([, ratio]) => ratio).slice(0, 4)).toEqual([
      ...['0.25', '0.50'],
      ...['0.005', '0.003'],
    ])
  })

  test('says who was not done, and keeps names from being markup', () => {
    expect(drawing).toContain('not done after 300 s')
    expect(drawing).toContain('tar &#38; gzip')
    expect(drawing).not.toMatch(/&(?!#)/)
  })
})
