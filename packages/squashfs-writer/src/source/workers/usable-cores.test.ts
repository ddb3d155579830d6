import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { usableCores } from './usable-cores.js'

/** The usable cores if cgroups have these files. */
function coresWith(membership: string, files: Readonly<Record<string, string>>): number {
  const directory = mkdtempSync(join(tmpdir(), 'cgroups-'))
  try {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(join(directory, path, '..'), { recursive: true })
      writeFileSync(join(directory, path), text)
    }
    writeFileSync(join(directory, 'membership'), membership)
    return usableCores({ mount: directory, membership: join(directory, 'membership') })
  } finally {
    rmSync(directory, { recursive: true })
  }
}

const all = availableParallelism()

describe('the usable cores', () => {
  it.each([
    ['no quota', '0::/job\n', { 'job/cpu.max': 'max 100000\n' }, all],
    ['a quota of one core', '0::/job\n', { 'job/cpu.max': '100000 100000\n' }, 1],
    ['a quota of half a core', '0::/job\n', { 'job/cpu.max': '50000 100000\n' }, 1],
    ['a quota of more cores than there are', '0::/job\n', { 'job/cpu.max': '99900000 100000\n' }, all],
    [
      'a quota above',
      '0::/job/step\n',
      { 'job/cpu.max': '100000 100000\n', 'job/step/cpu.max': 'max 100000\n' },
      1,
    ],
    [
      'a quota of cgroups of version 1',
      '4:cpu,cpuacct:/job\n3:memory:/job\n0::/\n',
      { 'cpu,cpuacct/job/cpu.cfs_quota_us': '100000\n', 'cpu,cpuacct/job/cpu.cfs_period_us': '100000\n' },
      1,
    ],
    [
      'no quota of cgroups of version 1',
      '4:cpu:/\n',
      { 'cpu/cpu.cfs_quota_us': '-1\n', 'cpu/cpu.cfs_period_us': '100000\n' },
      all,
    ],
    ['files that say something else', 'what is this\n0::/job\n', { 'job/cpu.max': 'x y\n' }, all],
  ])('with %s', (_, membership, files, expected) => {
    expect(coresWith(membership, files)).toBe(expected)
  })

  it('are all cores without cgroups', () => {
    expect(usableCores({ mount: '/nonexistent', membership: '/nonexistent/cgroup' })).toBe(all)
  })
})
