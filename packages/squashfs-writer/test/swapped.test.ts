/** Tests that nothing outside of the directory is packed if somebody who may write to it swaps a path while it is packed. */
import {
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { run, withDirectory } from 'fixtures'
import {
  type PackOptions,
  type Progress,
  packDirectory,
  UnreadableError,
  uncompressed,
} from 'squashfs-writer'
import { describe, expect, it } from 'vitest'

const OWN = 'what is meant to be packed'
const SECRET = 'the key of the house next to it'
const MIB = 1024 * 1024

interface Place {
  /** Contains `a/b/key`, `a/key` and `a/large`. */
  readonly source: string
  /** Is outside of the packed directory. It has the same names, and secrets in these files. */
  readonly outside: string
  readonly image: string
}

type Swap = readonly [what: string, swap: (place: Place) => void, unreadable: readonly string[]]

/**
 * The directories are known up to `a`, which is open still; the content of `a/b` is not. Listed from the open `a`, it is the one that
 * was to be packed; its file is reported when it is read.
 */
const IN_THE_WALK = ({ phase, files }: Progress) => phase === 'scan' && files === 4
/** The scan is complete, and nothing was read. */
const AFTER_THE_WALK = ({ phase, files }: Progress) => phase === 'scan' && files === 5

describe('during the scan a replacement leaks nothing and is reported:', () => {
  it.each<Swap>([
    ['a directory by a symlink', bySymlink('a/b'), ['a/b']],
    ['a directory in the middle of a path by a symlink', bySymlink('a'), ['a/b/key', 'a/key', 'a/large']],
    ['the directory that is packed by a symlink', bySymlink(''), ['a/b/key', 'a/key', 'a/large']],
    ['a directory by another directory', byOther('a/b'), ['a/b']],
    [
      'a directory in the middle of a path by another directory',
      byOther('a'),
      ['a/b/key', 'a/key', 'a/large'],
    ],
    ['a directory by a file', byLinkTo('a/key', 'a/b'), ['a/b']],
  ])('%s', async (_, swap, unreadable) => {
    await expectNoLeak(IN_THE_WALK, swap, unreadable)
  })
})

describe('between scan and reading a replacement leaks nothing and is reported:', () => {
  it.each<Swap>([
    ['a file by a symlink', bySymlink('a/key'), ['a/key']],
    ['a large file by a symlink', bySymlink('a/large'), ['a/large']],
    ['a file by a pipe', byLinkTo('pipe', 'a/key'), ['a/key']],
    ['a file by another file', byLinkTo('a/key', 'a/key'), ['a/key']],
    ['a large file by another file', byLinkTo('a/large', 'a/large'), ['a/large']],
    ['a directory by a symlink', bySymlink('a/b'), ['a/b/key']],
    ['a directory in the middle of a path by a symlink', bySymlink('a'), ['a/b/key', 'a/key', 'a/large']],
    ['the directory that is packed by a symlink', bySymlink(''), ['a/b/key', 'a/key', 'a/large']],
    ['a directory by another directory', byOther('a/b'), ['a/b/key']],
  ])('%s', async (_, swap, unreadable) => {
    await expectNoLeak(AFTER_THE_WALK, swap, unreadable)
  })

  it('nothing in a replaced directory is opened, not even a device or pipe', async () => {
    await withPlace(async (place) => {
      renameSync(join(place.outside, 'pipe'), join(place.outside, 'a/b/key'))
      // A pipe without a reader cannot be opened for writing. Even a short-lived reader would make that possible.
      const writer = run(
        'timeout',
        ['2', 'sh', '-c', 'echo drunk > "$1"', 'sh', join(place.outside, 'a/b/key')],
        {
          allow: [124],
        },
      )
      const swap = atMoment(AFTER_THE_WALK, () => bySymlink('a/b')(place))
      expect(await unreadableIn(packDirectory(place.source, place.image, swap))).toEqual(['a/b/key'])
      expect((await writer).code).toBe(124)
    })
  })
})

it('a file that is not replaced is packed, even if its path contains a symlink', async () => {
  await withPlace(async ({ source, image }) => {
    symlinkSync(dirname(source), join(dirname(source), 'way'))
    await packDirectory(join(dirname(source), 'way', 'source'), image, { codec: uncompressed() })
    expect(readFileSync(image).includes(OWN)).toBe(true)
  })
})

function bySymlink(path: string): (place: Place) => void {
  return ({ source, outside }) => putAway(join(source, path), (at) => symlinkSync(join(outside, path), at))
}

function byOther(path: string): (place: Place) => void {
  return ({ source, outside }) => putAway(join(source, path), (at) => renameSync(join(outside, path), at))
}

function byLinkTo(other: string, path: string): (place: Place) => void {
  return ({ source, outside }) => putAway(join(source, path), (at) => linkSync(join(outside, other), at))
}

function putAway(path: string, replace: (path: string) => void): void {
  const at = path.replace(/\/$/, '')
  renameSync(at, `${at}.away`)
  replace(at)
}

/** Swaps at some moment of two packings: one that fails, and one that leaves out what cannot be read. */
async function expectNoLeak(
  moment: (progress: Progress) => boolean,
  swap: (place: Place) => void,
  unreadable: readonly string[],
): Promise<void> {
  await withPlace(async (place) => {
    const options = atMoment(moment, () => swap(place))
    expect(await unreadableIn(packDirectory(place.source, place.image, options))).toEqual(unreadable)
    expect(readdirSync(dirname(place.image))).toEqual([])
  })
  await withPlace(async (place) => {
    const options = atMoment(moment, () => swap(place))
    const { omitted } = await packDirectory(place.source, place.image, { ...options, unreadable: 'omit' })
    expect(omitted.map(({ path }) => path)).toEqual(unreadable)
    expect(readFileSync(place.image).includes(SECRET)).toBe(false)
  })
}

async function withPlace(use: (place: Place) => Promise<void>): Promise<void> {
  await withDirectory(async (directory) => {
    const place = { source: join(directory, 'source'), outside: join(directory, 'outside') }
    for (const [root, content] of [
      [place.source, OWN],
      [place.outside, SECRET],
    ] as const) {
      mkdirSync(join(root, 'a/b'), { recursive: true })
      writeFileSync(join(root, 'a/b/key'), `${content}: b`)
      writeFileSync(join(root, 'a/key'), `${content}: a`)
      writeFileSync(join(root, 'a/large'), Buffer.alloc(3 * MIB, content))
    }
    await run('mkfifo', [join(place.outside, 'pipe')])
    mkdirSync(join(directory, 'place'))
    await use({ ...place, image: join(directory, 'place', 'image.squashfs') })
  })
}

/** Options with which something is done once, at some moment of the packing, before it continues. */
function atMoment(moment: (progress: Progress) => boolean, act: () => void): PackOptions {
  let done = false
  return {
    codec: uncompressed(),
    onProgress: (progress) => {
      if (done || !moment(progress)) return
      done = true
      act()
    },
  }
}

async function unreadableIn(packing: Promise<unknown>): Promise<readonly string[]> {
  const error = await packing.then(
    () => null,
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(UnreadableError)
  return (error as UnreadableError).paths.map(({ path }) => path)
}
