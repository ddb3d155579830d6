import { describe, expect, it } from 'vitest'
import type { SourceCalls, SourceDirectory, Status } from '../filesystem.js'
import { createCallTimer } from './call-timer.js'
import { EnteredDirectories } from './entered-directories.js'
import { isFailure, NAMES_PER_BATCH, STAT_FIELD, STAT_FIELDS, STAT_TIME } from './protocol.js'
import { statBatch } from './stat-batch.js'

const DIRECTORY = 0o40755
const FILE = 0o100644
const SYMLINK = 0o120777

const statusOf = (mode: number, changes: Partial<Status> = {}): Status => ({
  mode,
  uid: 1,
  gid: 2,
  links: 1,
  size: 30,
  blocks: 8,
  mtime: 1000,
  device: 4,
  major: 5,
  minor: 6,
  identity: '1 20 30 40',
  ...changes,
})

/** A filesystem of directories with these entries. Each status takes this many milliseconds. */
function filesystem(
  directories: Readonly<Record<string, Readonly<Record<string, Status>>>>,
  delay = 0,
): SourceCalls {
  return {
    enter(path) {
      const held = directories[path]
      if (!held) throw Object.assign(new Error('ENOENT: no such thing'), { code: 'ENOENT' })
      const directory: SourceDirectory = {
        names: () => Object.keys(held).reverse(),
        status(name) {
          for (const end = performance.now() + delay; performance.now() < end; );
          if (name === '') return statusOf(DIRECTORY)
          if (name === 'refused')
            throw Object.assign(new Error('EACCES: not for you, stat'), { code: 'EACCES' })
          return held[name]!
        },
        target: (name) => `target of ${name}`,
        open: () => -1,
        enter: () => directory,
        xattrs: (name) => [['user.of', Buffer.from(name)]],
        xattr: () => null,
        close: () => {},
      }
      return directory
    },
    close: () => {},
    identity: () => '',
    xattrs: () => [],
    extents: () => [],
  }
}

const directory = (path: string, names: string[] | null = null) => ({ path, seen: null, names })

function batchOf(response: ReturnType<typeof statBatch>[number] | undefined) {
  if (!response || isFailure(response)) throw new Error(`there are no batch but ${JSON.stringify(response)}`)
  return response
}

describe('a stat batch', () => {
  const source = filesystem({
    one: {
      file: statusOf(FILE),
      linked: statusOf(FILE, { links: 2 }),
      large: statusOf(FILE, { size: 2_000_000 }),
      link: statusOf(SYMLINK),
      sub: statusOf(DIRECTORY, { links: 5 }),
      refused: statusOf(FILE),
    },
  })

  it('has names in order, with the fields of each type', () => {
    const [response] = statBatch(
      { directories: [directory('one')], xattrs: 'all' },
      new EnteredDirectories(source),
      createCallTimer(),
    )
    const batch = batchOf(response)
    expect(batch.names).toEqual(['file', 'large', 'link', 'linked', 'refused', 'sub'])
    expect(batch.rest).toEqual([])
    expect([...batch.numbers.subarray(0, STAT_FIELDS)]).toEqual([FILE, 1, 2, 1000, 30, 8, 4, 5, 6])
    expect(batch.numbers[STAT_FIELDS + STAT_FIELD.size]).toBe(2_000_000)
    expect(batch.targets).toEqual([[2, 'target of link']])
    expect(batch.hardLinks.map(([n]) => n)).toEqual([3])
    expect(batch.failures).toEqual([[4, { code: 'EACCES', message: 'not for you' }]])
    expect(batch.identities.map((identity) => identity !== '')).toEqual([
      true,
      true,
      false,
      true,
      false,
      true,
    ])
    // Those of small files are read with their content.
    expect(batch.xattrs.map(([n]) => n)).toEqual([1, 2, 5])
  })

  it('has no xattrs if none are wanted', () => {
    const [response] = statBatch(
      { directories: [directory('one')], xattrs: 'none' },
      new EnteredDirectories(source),
      createCallTimer(),
    )
    expect(batchOf(response).xattrs).toEqual([])
  })

  it('is for the given names, including the directory itself', () => {
    const [response] = statBatch(
      { directories: [directory('one', ['', 'file'])], xattrs: 'none' },
      new EnteredDirectories(source),
      createCallTimer(),
    )
    const { names, numbers } = batchOf(response)
    expect(names).toEqual(['', 'file'])
    expect(numbers[STAT_FIELD.mode]).toBe(DIRECTORY)
  })

  it('of a directory that cannot be entered is a failure, and the next is not affected', () => {
    const responses = statBatch(
      { directories: [directory('gone'), directory('one')], xattrs: 'none' },
      new EnteredDirectories(source),
      createCallTimer(),
    )
    expect(responses[0]).toEqual({ code: 'ENOENT', message: 'it vanished after it was found' })
    expect(batchOf(responses[1]).names.length).toBe(6)
  })

  it('of a directory that was replaced is a failure', () => {
    const other = { path: 'one', seen: 'another inode', names: null }
    expect(
      statBatch({ directories: [other], xattrs: 'none' }, new EnteredDirectories(source), createCallTimer()),
    ).toMatchObject([{ code: 'CHANGED' }])
  })

  it('has a limited number of names; the others are returned', () => {
    const many = Object.fromEntries(Array.from({ length: 300 }, (_, n) => [`${1000 + n}`, statusOf(FILE)]))
    const timer = createCallTimer()
    const [response] = statBatch(
      { directories: [directory('many')], xattrs: 'none' },
      new EnteredDirectories(filesystem({ many })),
      timer,
    )
    const { names, rest } = batchOf(response)
    expect(names.length).toBeLessThanOrEqual(NAMES_PER_BATCH)
    expect([...names, ...rest]).toEqual(Object.keys(many))
    // The directory, and each name.
    expect(timer.calls).toBe(1 + names.length)
  })

  it('ends after its time if calls are slow, but not before the first name', () => {
    const many = Object.fromEntries(Array.from({ length: 100 }, (_, n) => [`${1000 + n}`, statusOf(FILE)]))
    const timer = createCallTimer()
    const slow = filesystem({ many, more: many }, STAT_TIME / 2)
    const responses = statBatch(
      { directories: [directory('many'), directory('more')], xattrs: 'none' },
      new EnteredDirectories(slow),
      timer,
    )
    expect(responses.length).toBe(1)
    const { names, rest } = batchOf(responses[0])
    expect(names.length).toBeGreaterThanOrEqual(1)
    expect(names.length).toBeLessThan(10)
    expect([...names, ...rest]).toEqual(Object.keys(many))
    expect(timer.slowCalls).toBeGreaterThanOrEqual(names.length)
  })
})
