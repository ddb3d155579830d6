import { describe, expect, it } from 'vitest'
import { OptionError } from './errors.js'
import { overlay } from './overlay.js'
import { createContents } from './source/contents.js'
import type { Entry } from './tree/entry.js'
import { forEachPath } from './tree/order.js'
import { treeOf } from './tree-of-entries.js'

const file = (path: string, more: object = {}): Entry => ({ type: 'file', path, content: path, ...more })

/** The paths of an image of some entries, and their owners. Uses no disk and no threads. */
async function pathsOf(entries: Parameters<typeof treeOf>[0]): Promise<Record<string, number>> {
  const contents = createContents('')
  const { root } = await treeOf(entries, null, {
    control: { signal: new AbortController().signal, onProgress: () => {} },
    rules: (_, raw) => ({ ...raw, xattrs: null }),
    contents,
    onUnreadable(error) {
      throw error
    },
  })
  await contents.close()
  const owners: Record<string, number> = {}
  forEachPath(root, (path, { uid }) => {
    owners[path] = uid
  })
  return owners
}

describe('an overlay', () => {
  const BELOW: readonly Entry[] = [
    { type: 'directory', path: 'lib', uid: 1 },
    file('lib/a', { uid: 2 }),
    file('b', { uid: 3 }),
  ]

  it('has the lower entries, replaced by the upper ones', async () => {
    expect(await pathsOf(overlay(BELOW, [file('lib/c'), file('b', { uid: 9 }), file('new/d')]))).toEqual({
      ...{ lib: 1, 'lib/a': 2, 'lib/c': 1 },
      ...{ b: 9, new: 0, 'new/d': 0 },
    })
  })

  it('can be nested, and the uppermost entries win', async () => {
    const once = overlay(BELOW, [file('b', { uid: 8 }), file('lib/c', { uid: 8 })])
    expect(await pathsOf(overlay(once, [file('b', { uid: 9 })]))).toEqual({
      lib: 1,
      'lib/a': 2,
      'lib/c': 8,
      b: 9,
    })
    expect(await pathsOf(once)).toEqual({ lib: 1, 'lib/a': 2, 'lib/c': 8, b: 8 })
  })

  it('does not change its arguments, and reads nothing before it is written', async () => {
    const asked: string[] = []
    function* given(name: string, entries: readonly Entry[]): Generator<Entry> {
      asked.push(name)
      yield* entries
    }
    const [below, more] = [Object.freeze([...BELOW]), Object.freeze([file('b', { uid: 9 })])]
    const over = overlay(given('below', below), given('more', more))
    expect(asked).toEqual([])
    await pathsOf(over)
    expect(asked).toEqual(['below', 'more'])
  })

  it('names an invalid entry by its list and index', async () => {
    await expect(pathsOf(overlay([null as unknown as Entry], []))).rejects.toMatchObject({
      path: 'entries[0]',
    })
    await expect(pathsOf(overlay(BELOW, [null as unknown as Entry]))).rejects.toMatchObject({
      path: 'more[0]',
    })
    await expect(pathsOf(overlay(BELOW, [file('lib')]))).rejects.toMatchObject({ path: 'lib' })
  })

  it('accepts only entries, and says so', () => {
    expect(() => overlay('text' as unknown as [], [])).toThrow(OptionError)
    const none = overlay(BELOW, []) as unknown as []
    expect(() => overlay(BELOW, none)).toThrow('more is')
  })
})
