/** Usable cores: computes how many threads can run at a time, from the CPU affinity of the process and the quotas of its cgroups. */
import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { posix } from 'node:path'

/** The mount point of cgroups, and the file that says to which cgroups this process belongs. */
export interface CgroupFiles {
  readonly mount: string
  readonly membership: string
}

const CGROUPS: CgroupFiles = { mount: '/sys/fs/cgroup', membership: '/proc/self/cgroup' }

/**
 * The number of cores that the process may use: its CPU affinity (`taskset`, Slurm), limited by the CPU quota of its cgroup and all
 * cgroups above (containers), rounded up. Node considers quotas only since version 22.
 * @see https://docs.kernel.org/admin-guide/cgroup-v2.html#cpu (`cpu.max`) and
 * https://docs.kernel.org/scheduler/sched-bwc.html (`cpu.cfs_quota_us`)
 */
export function usableCores(files: CgroupFiles = CGROUPS): number {
  return Math.max(1, Math.min(availableParallelism(), Math.ceil(cpuQuota(files))))
}

/** The CPU quota in cores; infinite without a quota. */
function cpuQuota({ mount, membership }: CgroupFiles): number {
  const quotas = textOf(membership)
    .split('\n')
    .flatMap((line) => {
      const [, controllers, path] = /^\d+:([^:]*):(\/.*)$/.exec(line) ?? []
      if (path === undefined) return []
      if (controllers === '') return pathsUpFrom(path).map((at) => quotaV2(posix.join(mount, at)))
      if (!controllers!.split(',').includes('cpu')) return []
      return pathsUpFrom(path).map((at) => quotaV1(posix.join(mount, controllers!, at)))
    })
  return Math.min(Number.POSITIVE_INFINITY, ...quotas)
}

/** `max 100000` or `150000 100000`: microseconds in each period. */
function quotaV2(directory: string): number {
  const [quota, period] = textOf(posix.join(directory, 'cpu.max')).split(' ').map(Number)
  return quota && period ? quota / period : Number.POSITIVE_INFINITY
}

/** A quota of -1 means no quota. */
function quotaV1(directory: string): number {
  const quota = Number(textOf(posix.join(directory, 'cpu.cfs_quota_us')))
  const period = Number(textOf(posix.join(directory, 'cpu.cfs_period_us')))
  return quota > 0 && period > 0 ? quota / period : Number.POSITIVE_INFINITY
}

function pathsUpFrom(path: string): string[] {
  return path === '/' ? ['/'] : [path, ...pathsUpFrom(posix.dirname(path))]
}

/** The text of a file; empty if it does not exist, as on systems without cgroups. */
function textOf(file: string): string {
  try {
    return readFileSync(file, 'latin1').trim()
  } catch {
    return ''
  }
}
