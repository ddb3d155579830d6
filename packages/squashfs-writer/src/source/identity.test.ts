import { chmodSync, linkSync, renameSync, statSync, unlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { withDirectory } from 'fixtures'
import { describe, expect, it } from 'vitest'
import { changedAt, changeSince, differsInCtimeAlone, inodeOf } from './identity.js'
import { linuxCalls } from './linux-filesystem.js'
import { portableCalls } from './portable-filesystem.js'

describe.each([
  ['Linux', linuxCalls()],
  ['Node', portableCalls()],
])('an identity by the calls of %s', (_, calls) => {
  /** The identity of a file after a change. */
  async function changed(change: (path: string) => void) {
    return await withDirectory(async (directory) => {
      const path = join(directory, 'file')
      writeFileSync(path, 'content')
      utimesSync(path, 1000, 1000)
      // Until the clock of the filesystem has advanced.
      const before = statSync(path, { bigint: true }).ctimeNs
      const clock = join(directory, 'clock')
      do writeFileSync(clock, '')
      while (statSync(clock, { bigint: true }).ctimeNs === before)
      const source = calls.enter(directory, true)
      const seen = source.status('file').identity
      change(path)
      const now = source.status('file').identity
      source.close()
      return { change: changeSince(seen, now), ctimeAlone: differsInCtimeAlone(seen, now), seen, now }
    })
  }

  it('stays the same when nothing changes', async () => {
    expect(await changed(() => {})).toMatchObject({ change: null, ctimeAlone: false })
  })

  it.each<[string, (path: string) => void]>([
    ['gets another name', (path) => linkSync(path, `${path}.link`)],
    ['is renamed and back', (path) => [renameSync(path, `${path}.new`), renameSync(`${path}.new`, path)]],
    ['has its mtime set to what it was', (path) => utimesSync(path, 1000, 1000)],
  ])('differs only in ctime if the file %s', async (_, change) => {
    expect(await changed(change)).toMatchObject({ change: expect.any(String), ctimeAlone: true })
  })

  it.each<[string, (path: string) => void]>([
    ['is written to', (path) => writeFileSync(path, 'CONTENT')],
    ['grows', (path) => [writeFileSync(path, 'more content'), utimesSync(path, 1000, 1000)]],
    ['gets other permissions', (path) => chmodSync(path, 0o600)],
    ['gets another mtime', (path) => utimesSync(path, 1000, 1001)],
    [
      'is replaced by another',
      (path) => {
        writeFileSync(`${path}.new`, 'content')
        utimesSync(`${path}.new`, 1000, 1000)
        renameSync(`${path}.new`, path)
      },
    ],
  ])('differs in more if the file %s', async (_, change) => {
    expect(await changed(change)).toMatchObject({ change: expect.any(String), ctimeAlone: false })
  })

  it('contains the inode, which is that of all names', async () => {
    await withDirectory(async (directory) => {
      writeFileSync(join(directory, 'a'), '')
      linkSync(join(directory, 'a'), join(directory, 'b'))
      writeFileSync(join(directory, 'c'), '')
      const source = calls.enter(directory, true)
      const [a, b, c] = ['a', 'b', 'c'].map((name) => inodeOf(source.status(name).identity))
      expect(a).toBe(b)
      expect(a).not.toBe(c)
      source.close()
      unlinkSync(join(directory, 'b'))
    })
  })
})

describe('the time of a change', () => {
  it('is that of the inode, to the nanosecond as far as a number has them', async () => {
    await withDirectory(async (directory) => {
      writeFileSync(join(directory, 'file'), '')
      const source = linuxCalls().enter(directory, true)
      const { ctimeNs } = statSync(join(directory, 'file'), { bigint: true })
      expect(changedAt(source.status('file').identity)).toBeCloseTo(Number(ctimeNs) / 1e6, 3)
      source.close()
    })
  })

  it.each([
    [0, 0, 0],
    [-1, 500_000_000, -500],
    [10_000_000_000, 1_000_000, 10_000_000_000_001],
  ])('of %i seconds and %i nanoseconds is read with its sign', (seconds, nanoseconds, milliseconds) => {
    const bytes = Buffer.alloc(80)
    bytes.writeBigInt64LE(BigInt(seconds), 16)
    bytes.writeUInt32LE(nanoseconds, 24)
    expect(changedAt(bytes.toString('latin1'))).toBe(milliseconds)
  })
})
