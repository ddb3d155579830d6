import { describe, expect, it } from 'vitest'
import type { SourceCalls, SourceDirectory, Status } from '../filesystem.js'
import { createCallTimer } from './call-timer.js'
import { EnteredDirectories } from './entered-directories.js'
import { FACT, FACTS, isFailure, NAMES_PER_BATCH, STAT_TIME } from './protocol.js'
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

/** A filesystem of directories, with what each holds; a number of milliseconds for each status. */
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

function factsOf(answer: ReturnType<typeof statBatch>[number] | undefined) {
  if (!answer || isFailure(answer)) throw new Error(`there are no facts but ${JSON.stringify(answer)}`)
  return answer
}

describe('facts', () => {
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

  it('are in the order of names, with what each kind has', () => {
    const [answer] = statBatch(
      { directories: [directory('one')], xattrs: 'all' },
      new EnteredDirectories(source),
      createCallTimer(),
    )
    const facts = factsOf(answer)
    expect(facts.names).toEqual(['file', 'large', 'link', 'linked', 'refused', 'sub'])
    expect(facts.rest).toEqual([])
    expect([...facts.numbers.subarray(0, FACTS)]).toEqual([FILE, 1, 2, 1000, 30, 8, 4, 5, 6])
    expect(facts.numbers[FACTS + FACT.size]).toBe(2_000_000)
    expect(facts.targets).toEqual([[2, 'target of link']])
    expect(facts.hardLinks.map(([n]) => n)).toEqual([3])
    expect(facts.failures).toEqual([[4, { code: 'EACCES', message: 'not for you' }]])
    expect(facts.identities.map((identity) => identity !== '')).toEqual([
      true,
      true,
      false,
      true,
      false,
      true,
    ])
    // Those of small files come with their content.
    expect(facts.xattrs.map(([n]) => n)).toEqual([1, 2, 5])
  })

  it('have no xattrs where none are wanted', () => {
    const [answer] = statBatch(
      { directories: [directory('one')], xattrs: 'none' },
      new EnteredDirectories(source),
      createCallTimer(),
    )
    expect(factsOf(answer).xattrs).toEqual([])
  })

  it('are about the names that are given, the directory itself among them', () => {
    const [answer] = statBatch(
      { directories: [directory('one', ['', 'file'])], xattrs: 'none' },
      new EnteredDirectories(source),
      createCallTimer(),
    )
    const { names, numbers } = factsOf(answer)
    expect(names).toEqual(['', 'file'])
    expect(numbers[FACT.mode]).toBe(DIRECTORY)
  })

  it('of a directory that cannot be entered are a failure, and the next has its own', () => {
    const answers = statBatch(
      { directories: [directory('gone'), directory('one')], xattrs: 'none' },
      new EnteredDirectories(source),
      createCallTimer(),
    )
    expect(answers[0]).toEqual({ code: 'ENOENT', message: 'it vanished after it was found' })
    expect(factsOf(answers[1]).names.length).toBe(6)
  })

  it('of a directory that is another than was seen are a failure', () => {
    const other = { path: 'one', seen: 'another inode', names: null }
    expect(
      statBatch({ directories: [other], xattrs: 'none' }, new EnteredDirectories(source), createCallTimer()),
    ).toMatchObject([{ code: 'CHANGED' }])
  })

  it('are about so many names at a time; the rest is given back', () => {
    const many = Object.fromEntries(Array.from({ length: 300 }, (_, n) => [`${1000 + n}`, statusOf(FILE)]))
    const timer = createCallTimer()
    const [answer] = statBatch(
      { directories: [directory('many')], xattrs: 'none' },
      new EnteredDirectories(filesystem({ many })),
      timer,
    )
    const { names, rest } = factsOf(answer)
    expect(names.length).toBeLessThanOrEqual(NAMES_PER_BATCH)
    expect([...names, ...rest]).toEqual(Object.keys(many))
    // The directory, and each name.
    expect(timer.calls).toBe(1 + names.length)
  })

  it('end with the time where calls are slow, but not before the first name', () => {
    const many = Object.fromEntries(Array.from({ length: 100 }, (_, n) => [`${1000 + n}`, statusOf(FILE)]))
    const timer = createCallTimer()
    const slow = filesystem({ many, more: many }, STAT_TIME / 2)
    const answers = statBatch(
      { directories: [directory('many'), directory('more')], xattrs: 'none' },
      new EnteredDirectories(slow),
      timer,
    )
    expect(answers.length).toBe(1)
    const { names, rest } = factsOf(answers[0])
    expect(names.length).toBeGreaterThanOrEqual(1)
    expect(names.length).toBeLessThan(10)
    expect([...names, ...rest]).toEqual(Object.keys(many))
    expect(timer.slowCalls).toBeGreaterThanOrEqual(names.length)
  })
})
