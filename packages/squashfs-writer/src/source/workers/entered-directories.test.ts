import { describe, expect, it } from 'vitest'
import type { SourceCalls, SourceDirectory, Status } from '../filesystem.js'
import { inodeOf } from '../identity.js'
import { EnteredDirectories, MAX_ENTERED } from './entered-directories.js'

const SOURCE = '/packed'
const WORD = '\0'.repeat(8)

/** A filesystem that records its calls. By default, the inode of a path is the path. */
function noting(inodes: Record<string, string> = {}) {
  const asked: string[] = []
  let open = 0
  const enter = (path: string): SourceDirectory => {
    const inode = inodes[path] ?? path
    if (inode === '') throw Object.assign(new Error('ENOENT: gone'), { code: 'ENOENT' })
    open++
    return {
      names: () => [],
      status() {
        asked.push(`status of ${path}`)
        return { identity: identityOf(inode) } as Status
      },
      target: () => '',
      open: () => -1,
      enter(name) {
        asked.push(`enter ${name} in ${path}`)
        return enter(`${path}/${name}`)
      },
      xattrs: () => [],
      xattr: () => null,
      close: () => void open--,
    }
  }
  const source: SourceCalls = {
    enter(path) {
      asked.push(`enter ${path}`)
      return enter(path)
    },
    close: () => {},
    identity: () => '',
    xattrs: () => [],
    extents: () => [],
  }
  const directories = new EnteredDirectories(source)
  return {
    asked,
    inodes,
    directories,
    opened: () => open,
    /** Enters a path in the source, which must have the inode of its name. */
    enter: (path: string, inode = `${SOURCE}/${path}`) =>
      directories.enter(
        { path: `${SOURCE}/${path}`, seen: inodeOf(identityOf(inode)), prefixLength: SOURCE.length + 1 },
        false,
      ),
  }
}

/** An identity whose inode stands for a text. */
function identityOf(text: string): string {
  return text.padEnd(8, '.').slice(-8) + WORD.repeat(9)
}

describe('entered directories', () => {
  it('are entered one component at a time, from the packed directory, and stay open', () => {
    const { asked, enter } = noting()
    enter('a/b')
    enter('a/c')
    enter('a/b')
    expect(asked).toEqual([
      `enter ${SOURCE}`,
      `enter a in ${SOURCE}`,
      `enter b in ${SOURCE}/a`,
      `status of ${SOURCE}/a/b`,
      `enter c in ${SOURCE}/a`,
      `status of ${SOURCE}/a/c`,
    ])
  })

  it('outside of a packed directory are entered by their path', () => {
    const { asked, directories } = noting()
    for (const path of ['/some/where', '/some/where/else']) directories.enter({ path, seen: null }, true)
    expect(asked).toEqual(['enter /some/where', 'enter /some/where/else'])
  })

  it('are few: the least recently used ones are closed', () => {
    const { enter, opened, directories } = noting()
    for (let n = 0; n < 3 * MAX_ENTERED; n++) enter(`a/${n}`)
    expect(opened()).toBe(MAX_ENTERED)
    directories.close()
    expect(opened()).toBe(0)
  })

  it('at a very deep level are entered in one step', () => {
    const { asked, enter, directories, opened } = noting()
    const deep = Array.from({ length: 3 * MAX_ENTERED }, () => 'd').join('/')
    enter(deep)
    expect(asked).toEqual([`enter ${SOURCE}/${deep}`, `status of ${SOURCE}/${deep}`])
    directories.close()
    expect(opened()).toBe(0)
  })

  it('that were replaced since the scan are reported, and nothing stays open', () => {
    const { enter, opened } = noting({ [`${SOURCE}/a`]: 'another' })
    expect(() => enter('a')).toThrow(expect.objectContaining({ code: 'CHANGED' }))
    expect(() => enter('a')).toThrow(expect.objectContaining({ code: 'CHANGED' }))
    expect(opened()).toBeLessThanOrEqual(2)
  })

  it('that were replaced while open are entered again by their path', () => {
    const { enter, inodes } = noting()
    enter('a')
    inodes[`${SOURCE}/a`] = 'new one'
    expect(() => enter('a', 'new one')).not.toThrow()
    inodes[`${SOURCE}/a`] = ''
    expect(() => enter('a', 'other')).toThrow('gone')
  })
})
