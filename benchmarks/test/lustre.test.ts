/** Tests what the import scenario reports: every process counts, and every call has one kind. */
import { run, withDirectory } from 'fixtures'
import { expect, test } from 'vitest'
import { atOnce } from '../src/scenarios/lustre.js'
import { callsOf } from '../src/trees/slow-metadata.js'

const runAtOnce = async (processes: number, command: readonly string[]) => {
  const [program = '', ...words] = atOnce(processes, command)
  return await run(program, words, { allow: [7] })
}

test('all processes run together', async () => {
  // None is done before all have been seen: one after the other they would never be.
  const meet = 'touch "$1/$$"; while [ "$(ls "$1" | wc -l)" -lt 3 ]; do sleep 0.01; done; echo "$2"'
  await withDirectory(async (directory) => {
    const { stdout } = await runAtOnce(3, ['sh', '-c', meet, 'sh', directory, 'two  words'])
    expect(stdout.toString()).toBe('two  words\n'.repeat(3))
  })
})

test('one process that fails is a failure of all', async () => {
  const firstOnly = 'mkdir "$1/taken" 2>/dev/null && exit 7; exit 0'
  await withDirectory(async (directory) => {
    expect((await runAtOnce(3, ['sh', '-c', firstOnly, 'sh', directory])).code).toBe(7)
    expect((await runAtOnce(3, ['true'])).code).toBe(0)
  })
})

test('calls for metadata are counted together, reads apart, and what waits for nobody not at all', () => {
  expect(callsOf({ getattr: 5, open: 2, readdir: 1, read: 40, release: 2 })).toEqual({
    metadata: 8,
    reads: 40,
  })
  expect(callsOf({})).toEqual({ metadata: 0, reads: 0 })
})
