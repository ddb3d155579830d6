import {
  chmodSync,
  closeSync,
  ftruncateSync,
  linkSync,
  mkdirSync,
  openSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { run, withDirectory } from 'fixtures'
import koffi from 'koffi'
import { describe, expect, it } from 'vitest'
import type { SourceCalls, SourceDirectory } from './filesystem.js'
import type { Libc } from './libc.js'
import { linuxCalls } from './linux-filesystem.js'
import { portableCalls } from './portable-filesystem.js'

/** Like glibc before 2.28. */
const withoutStatx: Libc = {
  func: (declaration: string) => {
    if (declaration.includes(' statx(')) throw new Error("Cannot find function 'statx' in shared library")
    return koffi.load(null).func(declaration)
  },
}

const all = [
  ['libc', () => linuxCalls()],
  ['libc without statx', () => linuxCalls(withoutStatx)],
  ['portable', portableCalls],
] as const

async function withTree<T>(use: (directory: string) => T | Promise<T>): Promise<T> {
  return withDirectory(async (directory) => {
    writeFileSync(join(directory, 'file'), 'twelve bytes')
    linkSync(join(directory, 'file'), join(directory, 'second name'))
    mkdirSync(join(directory, 'sub'), { mode: 0o750 })
    chmodSync(join(directory, 'sub'), 0o2750)
    symlinkSync('nowhere/\u00e9', join(directory, 'link'))
    symlinkSync('sub', join(directory, 'to sub'))
    await run('touch', ['-d', '1969-12-31T23:59:59.5Z', join(directory, 'file')])
    writeFileSync(Buffer.concat([Buffer.from(`${directory}/`), Buffer.from([0xe9, 0x0a])]), '')
    return use(directory)
  })
}

function within<T>(calls: SourceCalls, directory: string, use: (directory: SourceDirectory) => T): T {
  const entered = calls.enter(directory, false)
  try {
    return use(entered)
  } finally {
    entered.close()
  }
}

const codeOf = (act: () => unknown): unknown => {
  try {
    return act()
  } catch (error) {
    return (error as { code?: string }).code
  }
}

describe.each(all)('the source calls of %s', (_, load) => {
  const calls = load()

  it('return every name as its bytes', () =>
    withTree((directory) => {
      const names = within(calls, directory, (f) => f.names().sort())
      expect(names).toEqual(['file', 'link', 'second name', 'sub', 'to sub', '\u00e9\n'])
    }))

  it('do not follow a symlink as the last part', () =>
    withTree((directory) => {
      expect(within(calls, directory, (f) => f.status('to sub').mode & 0o170000)).toBe(0o120000)
      expect(within(calls, directory, (f) => f.target('link'))).toBe('nowhere/\u00c3\u00a9')
      expect(codeOf(() => within(calls, directory, (f) => f.open('to sub')))).toBe('ELOOP')
      expect(codeOf(() => calls.enter(`${directory}/to sub`, false))).toBe('ENOTDIR')
    }))

  it('enter a directory through a symlink on request', () =>
    withTree((directory) => {
      const entered = calls.enter(`${directory}/to sub`, true)
      expect(entered.status('').mode).toBe(0o42750)
      entered.close()
    }))

  it('throw errors with the code of the system', () =>
    withTree((directory) => {
      expect(codeOf(() => calls.enter(`${directory}/none`, false))).toBe('ENOENT')
      expect(codeOf(() => calls.enter(`${directory}/file`, false))).toBe('ENOTDIR')
      expect(codeOf(() => within(calls, directory, (f) => f.status('none')))).toBe('ENOENT')
    }))

  it('round a time before 1970 down', () =>
    withTree((directory) => {
      expect(within(calls, directory, (f) => f.status('file').mtime)).toBe(-1)
    }))

  it('recognize an open file, until it is changed', () =>
    withTree((directory) => {
      const [seen, descriptor] = within(
        calls,
        directory,
        (f) => [f.status('file').identity, f.open('file')] as const,
      )
      expect(calls.identity(descriptor)).toBe(seen)
      writeFileSync(join(directory, 'second name'), 'twelve bytes')
      expect(calls.identity(descriptor)).not.toBe(seen)
      calls.close(descriptor)
    }))
})

it('libc and Node give the same results', () =>
  withTree((directory) => {
    const names = ['', 'file', 'second name', 'sub', 'link', '\u00e9\n']
    const facts = all.map(([, load]) =>
      within(load(), directory, (f) =>
        names.map((name) => {
          const { identity, device, major, minor, ...status } = f.status(name)
          return { ...status, inodeAndSize: identity.slice(0, 16) }
        }),
      ),
    )
    expect(facts).toEqual(all.map(() => facts[0]))
    expect(facts[0]?.map(({ links }) => links)).toEqual([3, 2, 2, 2, 1, 1])
    expect(within(linuxCalls(), '/dev', (f) => f.status('null'))).toMatchObject({ major: 1, minor: 3 })
  }))

it('libc finds the data of a file', () =>
  withDirectory(async (directory) => {
    const descriptor = openSync(join(directory, 'sparse'), 'w+')
    ftruncateSync(descriptor, 1 << 20)
    writeSync(descriptor, 'data', 1 << 19)
    expect(linuxCalls().extents(descriptor, 1 << 20)).toEqual([1 << 19, (1 << 19) + 4096])
    closeSync(descriptor)
  }))

it('libc enters a directory whose path is too long for the kernel', () =>
  withDirectory(async (directory) => {
    const name = 'd'.repeat(200)
    const deep = Array.from({ length: 50 }, () => name).join('/')
    await run('python3', [
      '-c',
      'import os, sys\nos.chdir(sys.argv[1])\nfor _ in range(50): os.mkdir(sys.argv[2]); os.chdir(sys.argv[2])\nopen("end", "w").write("here")',
      directory,
      name,
    ])
    const entered = linuxCalls().enter(`${directory}/${deep}`, false)
    expect(entered.names()).toEqual(['end'])
    expect(entered.status('end').size).toBe(4)
    entered.close()
  }))
