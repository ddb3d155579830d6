import { describe, expect, it } from 'vitest'
import { type Figures, figuresOf, regressions } from '../src/report/figures-file.js'
import { sampleRecord } from './sample-record.js'

describe('the figures of a record', () => {
  const figures = figuresOf(sampleRecord)

  it('are medians, and ratios to the reference', () => {
    expect(figures).toMatchObject({ scenario: 'sample', date: '2025-01-31' })
    expect(figures.costs).toContainEqual({
      case: 'first',
      contender: 'venv-packer',
      cost: 'wall',
      median: 1.5,
      ratio: 0.6,
    })
    expect(figures.costs.filter(({ contender }) => contender === 'tar & gzip')).toEqual([])
  })

  const changed = (change: (ratio: number) => number): Figures => ({
    ...figures,
    costs: figures.costs.map((row) => ({ ...row, ratio: row.ratio === null ? null : change(row.ratio) })),
  })

  it('got worse where a ratio of ours grew by more than noise', () => {
    expect(
      regressions(
        figures,
        changed((ratio) => ratio * 1.1),
      ),
    ).toContain('first, venv-packer, wall: 0.600 of the reference before, 0.660 now')
  })

  it.each(['npx', 'image, import numpy'])('got worse where that of %s grew', (contender) => {
    const of = (ratio: number): Figures => ({
      ...figures,
      costs: [{ case: 'first', contender, cost: 'wall', median: 1, ratio }],
    })
    expect(regressions(of(1), of(2))).toEqual([
      `first, ${contender}, wall: 1.000 of the reference before, 2.000 now`,
    ])
  })

  it('did not where it shrank, or grew by little', () => {
    expect(regressions(figures, figures)).toEqual([])
    expect(
      regressions(
        figures,
        changed((ratio) => ratio * 0.5),
      ),
    ).toEqual([])
    expect(
      regressions(
        figures,
        changed((ratio) => ratio * 1.02),
      ),
    ).toEqual([])
  })
})
