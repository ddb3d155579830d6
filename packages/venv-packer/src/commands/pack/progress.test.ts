import { describe, expect, it } from 'vitest'
import { progressLine, startRateMeter } from './progress.js'

const half = {
  phase: 'data',
  files: 8_812,
  totalFiles: 21_042,
  bytesIn: 276_000_000,
  totalBytes: 552_000_000,
  bytesOut: 80_000_000,
} as const

describe('the line of the progress bar', () => {
  it('shows files, bytes, rate and time left', () => {
    expect(progressLine(half, 138_000_000, 120)).toBe(
      '[====================>                   ]  50 %  8,812/21,042 files  276.0 MB of 552.0 MB  138.0 MB/s  2 s left',
    )
  })

  it('has no rate and no remaining time at the beginning', () => {
    expect(progressLine(half, undefined, 120)).toMatch(/552\.0 MB$/)
  })

  it('shows the number of entries while the directory is read', () => {
    expect(progressLine({ ...half, phase: 'scan', totalFiles: 0, totalBytes: 0 }, undefined, 80)).toBe(
      'reading the directory: 8,812 entries',
    )
  })

  it('shows how many modules are compiled', () => {
    const compiling = { ...half, phase: 'compile', files: 2_004, totalFiles: 8_018 } as const
    expect(progressLine(compiling, undefined, 80)).toBe(
      '[====================>                   ]  50 %  2,004/8,018 modules compiled',
    )
  })

  it('names the steps after the data', () => {
    expect(progressLine({ ...half, phase: 'tables' }, undefined, 80)).toMatch(/ 100 %.*writing the tables$/)
    expect(progressLine({ ...half, phase: 'seal' }, undefined, 80)).toMatch(/ 100 %.*flushing to disk$/)
  })

  it.each([0, 1, 10, 20, 40, 79, 80, 200])('is shorter than a terminal of %d columns', (width) => {
    for (const phase of ['scan', 'compile', 'data', 'tables', 'seal'] as const) {
      expect(progressLine({ ...half, phase }, 138_000_000, width).length).toBeLessThanOrEqual(
        Math.max(0, width - 1),
      )
    }
  })

  it('stays within 0 and 100 %, also for a directory without bytes', () => {
    expect(
      progressLine({ ...half, totalBytes: 0, bytesIn: 0, files: 0, totalFiles: 4 }, undefined, 80),
    ).toContain('  0 %')
    expect(progressLine({ ...half, bytesIn: 999_000_000 }, 1, 80)).toContain('100 %')
  })
})

describe('the rate', () => {
  it('is that of the last few seconds', () => {
    const measure = startRateMeter()
    expect(measure(0, 0)).toBeUndefined()
    expect(measure(0.1, 100)).toBeUndefined()
    expect(measure(1, 1000)).toBe(1000)
    for (let second = 2; second <= 20; second++) measure(second, 1000 + (second - 1) * 10)
    expect(measure(21, 1200)).toBeCloseTo(10)
  })
})
