import { tmpdir } from 'node:os'
import { expect, test } from 'vitest'
import { type Options, parseOptions as parse } from '../src/options.js'
import { referenceFor } from '../src/scenario.js'
import { SCENARIOS } from '../src/scenarios/index.js'

/** The options for these words of a command line. */
function parseOptions(words: readonly string[]): Options | undefined {
  const options = parse(words)
  if (options && 'compare' in options) throw new Error('it asks for a comparison')
  return options
}

test('without words it is the main job in seven rounds', () => {
  const options = parseOptions([])!
  expect(options.scenarios.map(({ name }) => name)).toEqual(['venv'])
  expect(options.rounds(options.scenarios[0]!)).toBe(7)
  expect(options.record).toBe(false)
})

test('what the command line says goes before what the scenario says', () => {
  const options = parseOptions(['venv', '--compression', 'gzip', '--block-size', '1M', '--rounds', '5'])!
  expect(options.scenarios[0]!.cases[0]!.settings).toEqual({
    compression: 'gzip',
    level: 9,
    blockSize: 1024 * 1024,
  })
  expect(options.rounds(options.scenarios[0]!)).toBe(5)
})

test('the recorded command has no path in it', () => {
  const { recordedOptions } = parseOptions([
    '--tree',
    tmpdir(),
    '--out',
    tmpdir(),
    '--rounds',
    '5',
    '--record',
  ])!
  expect(recordedOptions).toBe(' --tree <dir> --rounds 5')
})

test('a program is left with all its cases, the others with none', () => {
  const [scenario] = parseOptions(['cores', '--only', 'mksquashfs'])!.scenarios
  expect(scenario!.cases.map(({ name }) => name)).toEqual(['mksquashfs'])
  expect(() => parseOptions(['--only', 'nobody'])).toThrow(/venv/)
})

test('a tree given is put where the scenario has its own', () => {
  const [scenario] = parseOptions(['lustre', '--tree', tmpdir()])!.scenarios
  expect(scenario!.cases[0]!.tree!.description).toMatch(/given on the command line and its image, .* 1 ms/)
})

test.each([
  [['nowhere'], /There is no scenario "nowhere"/],
  [['--rounds', '0'], /--rounds/],
  [['--compression', 'xz'], /zstd or gzip/],
  [['--block-size', '3000'], /4K to 1M/],
  [['--cpus', '0-1'], /--cpus/],
  [['--tree', '/no/such/directory'], /--tree/],
])('%j is refused with the reason', (words, reason) => {
  expect(() => parseOptions(words)).toThrow(reason)
})

test('every scenario compares with someone who takes part', () => {
  for (const { cases } of SCENARIOS) {
    for (const one of cases) {
      const names = one.contenders.map(({ name }) => name)
      for (const name of names) expect(names).toContain(referenceFor(one, name))
    }
  }
  expect(new Set(SCENARIOS.map(({ name }) => name)).size).toBe(SCENARIOS.length)
})

test('other versions of Node and another mksquashfs take part, and their paths are not recorded', () => {
  const options = parseOptions(['venv', '--node', process.execPath, '--mksquashfs', '/opt/mksquashfs'])!
  const names = options.scenarios[0]!.cases[0]!.contenders.map(({ name }) => name)
  const major = process.versions.node.split('.')[0]
  expect(names).toEqual([
    'venv-packer',
    `venv-packer on Node ${major}`,
    'mksquashfs',
    'the other mksquashfs',
    'gensquashfs',
    'venv-packer with its check',
    `venv-packer with its check on Node ${major}`,
  ])
  expect(options.recordedOptions).toBe(' --node <node> --mksquashfs <mksquashfs>')
})

test('two files of figures are compared', () => {
  expect(parse(['--compare', 'a.json', 'b.json'])).toEqual({ compare: ['a.json', 'b.json'] })
  expect(() => parse(['--compare', 'a.json'])).toThrow(/two files/)
})
