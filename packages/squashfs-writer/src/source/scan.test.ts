/** Tests the scan with stand-ins for the filesystem and the pool: its requests and its tree. */
import { describe, expect, it } from 'vitest'
import { InodeType } from '../format/inode.js'
import { forEachPath } from '../tree/order.js'
import type { SourceCalls, SourceDirectory, Status } from './filesystem.js'
import { type ScanOptions, scan } from './scan.js'
import { createCallTimer } from './workers/call-timer.js'
import { EnteredDirectories } from './workers/entered-directories.js'
import type { Pool } from './workers/pool.js'
import { type Jobs, NAMES_PER_BATCH } from './workers/protocol.js'
import { statBatch } from './workers/stat-batch.js'

const DIRECTORY = 0o40755
const FILE = 0o100644

/** The entries of a directory, by name. */
interface Listing {
  readonly [name: string]: Listing | number | Partial<Status>
}

interface Disk {
  readonly listing: Listing
  /** Paths that cannot be listed. */
  readonly closed?: readonly string[]
}

/** A filesystem that has only listings. By default, each path has an identity of its own. */
function callsOf({ listing, closed = [] }: Disk): SourceCalls {
  const at = (path: string) => {
    let found: Listing[string] = listing
    for (const name of path.split('/').slice(2)) found = (found as Listing)[name]!
    return found
  }
  const isListing = (found: Listing[string]): found is Listing =>
    typeof found === 'object' && !('mode' in found)
  const statusOf = (path: string): Status => {
    const found = at(path)
    return {
      mode: typeof found === 'number' ? found : DIRECTORY,
      uid: 0,
      gid: 0,
      links: 1,
      size: 10,
      blocks: 8,
      mtime: 1,
      device: 1,
      major: 0,
      minor: 0,
      identity: path.padStart(72, '.'),
      ...(isListing(found) || typeof found === 'number' ? {} : found),
    }
  }
  const enter = (path: string): SourceDirectory => {
    if (closed.includes(path)) throw Object.assign(new Error('EACCES: closed'), { code: 'EACCES' })
    return {
      names: () => Object.keys(at(path) as Listing),
      status: (name) => statusOf(name === '' ? path : `${path}/${name}`),
      target: () => 'target',
      open: () => -1,
      enter: (name) => enter(`${path}/${name}`),
      xattrs: () => [],
      xattr: () => null,
      close: () => {},
    }
  }
  return {
    enter,
    close: () => {},
    identity: () => '',
    xattrs: () => [],
    extents: () => [],
  }
}

/** A pool that does its jobs at once, and records requests and responses. */
function poolOf(disk: Disk, wanted = 8) {
  const asked: Jobs['stat']['request'][] = []
  const directories = new EnteredDirectories(callsOf(disk))
  const pool = {
    run: async (_: string, request: Jobs['stat']['request']) => {
      const responses = statBatch(request, directories, createCallTimer())
      asked.push({ ...request, directories: request.directories.slice(0, responses.length) }) // the rest is asked for again
      return responses
    },
    jobsWanted: () => wanted,
  } as unknown as Pool
  return { pool, asked }
}

const OPTIONS: ScanOptions = {
  xattrs: 'none',
  include: null,
  exclude: null,
  oneFileSystem: false,
}

async function scanned(disk: Disk, options: Partial<ScanOptions> = {}, wanted?: number) {
  const { pool, asked } = poolOf(disk, wanted)
  const control = { signal: new AbortController().signal, onProgress: () => {} }
  const { root, missing } = await scan('/top', pool, { ...OPTIONS, ...options }, control)
  const paths: string[] = []
  forEachPath(root, (path) => paths.push(path))
  return { root, missing, asked, paths: paths.sort() }
}

describe('a scan', () => {
  it('finds every name in any tree', async () => {
    const { paths } = await scanned({ listing: { a: FILE, d: { b: FILE, e: { c: FILE } }, f: {} } })
    expect(paths).toEqual(['a', 'd', 'd/b', 'd/e', 'd/e/c', 'f'])
  })

  it('lists many directories at a time, and each only once', async () => {
    const many = Object.fromEntries(Array.from({ length: 500 }, (_, n) => [`d${n}`, { file: FILE }]))
    const { asked, paths } = await scanned({ listing: many })
    expect(paths.length).toBe(1000)
    const listed = asked.flatMap(({ directories }) => directories).filter(({ names }) => names === null)
    expect(listed.length).toBe(501)
    expect(Math.max(...asked.map(({ directories }) => directories.length))).toBeGreaterThan(30)
    expect(Math.max(...asked.map(({ directories }) => directories.length))).toBeLessThanOrEqual(64)
  })

  it('tells workers where the packed directory ends in each path, so that they enter others from those that are open', async () => {
    const { asked } = await scanned({ listing: { d: { e: { f: FILE } } } })
    const [itself, ...listed] = asked.flatMap(({ directories }) => directories)
    expect(itself).toMatchObject({ path: '/top', names: [''] })
    expect(listed.map(({ path, prefixLength }) => path.slice(prefixLength))).toEqual(['', 'd', 'd/e'])
  })

  it('divides the names of a directory that is too large for one job', async () => {
    const many = Object.fromEntries(Array.from({ length: 1000 }, (_, n) => [`${n}`, FILE]))
    const { asked, paths } = await scanned({ listing: many })
    expect(paths.length).toBe(1000)
    const shares = asked.flatMap(({ directories }) => directories.flatMap(({ names }) => names?.length ?? []))
    expect(shares.length).toBeGreaterThan(7)
    expect(Math.max(...shares)).toBeLessThanOrEqual(NAMES_PER_BATCH)
  })

  it('leaves out a directory that cannot be listed, and continues', async () => {
    const { paths, missing } = await scanned({
      listing: { open: { a: FILE }, shut: { b: FILE } },
      closed: ['/top/shut'],
    })
    expect(paths).toEqual(['open', 'open/a'])
    const failure = { code: 'EACCES', message: 'closed' }
    expect(missing).toEqual([{ path: 'shut', failure, directory: expect.objectContaining({ mode: 0o755 }) }])
  })

  it('fails if the source is not a directory', async () => {
    await expect(scanned({ listing: { mode: FILE } })).rejects.toMatchObject({ code: 'UNREADABLE' })
  })

  it('creates one node for an inode with several names', async () => {
    const shared = { mode: FILE, links: 2, identity: 'shared'.padStart(72) }
    const { root } = await scanned({ listing: { one: shared, other: shared, alone: FILE } })
    expect(root.children.get('one')).toBe(root.children.get('other'))
    expect(root.children.get('one')).toMatchObject({ type: InodeType.FILE, links: 2 })
    expect(root.children.get('alone')).toMatchObject({ links: 1 })
  })

  it('reports a file of a type that squashfs does not have', async () => {
    const { missing, paths } = await scanned({ listing: { odd: 0o160000, file: FILE } })
    expect(missing).toMatchObject([{ path: 'odd', failure: { code: 'UNKNOWN_TYPE' }, directory: null }])
    expect(paths).toEqual(['file'])
  })

  it('does not enter another filesystem on request', async () => {
    const listing = { here: { a: FILE }, mount: { mode: DIRECTORY, device: 2 } }
    const { paths, asked } = await scanned({ listing }, { oneFileSystem: true })
    expect(paths).toEqual(['here', 'here/a', 'mount'])
    expect(asked.flatMap(({ directories }) => directories.map(({ path }) => path))).not.toContain(
      '/top/mount',
    )
  })

  it('leaves out excluded directories without listing them, and directories without included files', async () => {
    const listing = { keep: { a: FILE, b: FILE }, cache: { c: FILE } }
    const without = await scanned({ listing }, { exclude: (path) => path === 'cache' })
    expect(without.paths).toEqual(['keep', 'keep/a', 'keep/b'])
    expect(without.asked.flatMap(({ directories }) => directories.map(({ path }) => path))).not.toContain(
      '/top/cache',
    )
    const only = await scanned({ listing }, { include: (path) => path.endsWith('/a') })
    expect(only.paths).toEqual(['keep', 'keep/a'])
  })

  it('stops at an abort', async () => {
    const { pool } = poolOf({ listing: { d: { e: { f: FILE } } } })
    const stop = new AbortController()
    const onProgress = () => stop.abort(new Error('enough'))
    const work = scan('/top', pool, OPTIONS, { signal: stop.signal, onProgress })
    await expect(work).rejects.toThrow('enough')
  })
})
