import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { defineConfig } from 'vitest/config'
import { BaseSequencer, type InlineConfig, type TestSpecification } from 'vitest/node'

/** One more than the machine that it was measured on has cores: tests wait for programs much of their time. */
export const WORKERS = 3

/** What a source file does by itself. */
export const UNIT_TESTS = ['packages/*/src/**/*.test.ts']

/** What users of the packages get, from what is built. */
export const TESTS = [
  'packages/*/test/**/*.test.ts',
  'fixtures/test/**/*.test.ts',
  'benchmarks/test/**/*.test.ts',
  'release/test/**/*.test.ts',
]

/** The files that take longest, in that order. */
const LONGEST = [
  'kernel.test',
  'create.test',
  'run.test',
  'large.borders',
  'changes.faults',
  'long-lived.test',
  'renewal.test',
  'same-bytes.test',
  'trees.property.test',
  'borders.test',
  'signals.faults',
  'other-readers.test',
  'guide.test',
  'same-command.test',
  'installed-wheel.test',
  'pack.test',
  'real-venv.test',
  'compile.test',
  'usage.test',
  'threads.test',
  'read-back.test',
  'wheels.test',
  'readme.test',
  'relocation.test',
  'base.property.test',
  'destinations.faults',
  'disks.faults',
]

/** Begins with the files that take longest, so that no worker is left alone with one of them in the end. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification) => {
      const place = LONGEST.findIndex((name) => moduleId.endsWith(`/${name}.ts`))
      return place < 0 ? LONGEST.length : place
    }
    return (await super.sort(files)).sort((a, b) => rank(a) - rank(b))
  }
}

/** The settings of all tests. */
export const SETTINGS = {
  // Mounts, loop devices and half-gigabyte trees: slow, and few at a time.
  testTimeout: 120_000,
  hookTimeout: 600_000,
  maxWorkers: WORKERS,
  globalSetup: 'fixtures/dist/once-per-run.js',
  sequence: { sequencer: LongestFirst },
  // The command keeps records of what it packs in the user's cache; not those of tests.
  env: { XDG_CACHE_HOME: join(tmpdir(), 'venv-packer-tests-cache') },
}

/** The tests of every day, by the name of the project. */
export const EVERYDAY: Readonly<Record<string, InlineConfig>> = {
  tests: { ...SETTINGS, include: TESTS },
  // Their files share a process, since they change nothing outside of themselves: starting one takes longer than most of them.
  unit: { ...SETTINGS, include: UNIT_TESTS, isolate: false },
}

/** The settings of a run of several projects, so that no worker waits for one of them. */
export function runOf(projects: typeof EVERYDAY): InlineConfig {
  return {
    projects: Object.entries(projects).map(([name, test]) => ({
      test: { ...test, name, maxWorkers: WORKERS },
    })),
    maxWorkers: WORKERS,
    sequence: { sequencer: LongestFirst },
  }
}

export default defineConfig({ test: runOf(EVERYDAY) })
