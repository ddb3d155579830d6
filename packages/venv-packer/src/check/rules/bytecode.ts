/** Findings about bytecode: on a read-only image, Python compiles a module without matching bytecode at every start. */
import type { ByteString } from 'squashfs-writer/paths'
import { type PythonDirectory, parseBytecodeName } from '../../environment/python-layout.js'
import { below, directoryOf, type Entry, nameOf } from '../entry.js'
import { type CheckContext, type Finding, findingAt, type Location, spaceUsedBy } from '../finding.js'
import type { BytecodeHeader } from '../formats/bytecode-header.js'
import type { Inventory } from '../inventory.js'
import { isBelow } from '../outside.js'

export function bytecodeFindings({ inventory, use }: CheckContext): readonly Finding[] {
  const { python } = inventory
  if (python === undefined) return []
  const modules = inventory.entries
    .filter(({ path, type }) => type !== 'directory' && path.endsWith('.py') && isBelow(path, python.path))
    .filter(({ path }) => !path.includes('/~')) // the rest of a package that pip failed to remove is never imported
    .map((source) => moduleOf(source, python, inventory))
  const judged = [...absent(modules, python), ...unfit(modules, python, inventory, use.latestTime)]
  return [...(use.compiles ? [] : judged), ...orphans(inventory, python)]
}

interface Module {
  readonly source: Entry
  /** The entry of site-packages that the module belongs to: `numpy`, `six.py`. */
  readonly package: ByteString
  /** Bytecode of level 0, for `python`. */
  readonly bytecode: Entry | undefined
  /** Whether there is bytecode of another level (`-O`, `-OO`) only. */
  readonly optimisedOnly: boolean
}

function moduleOf(source: Entry, { path, tag }: PythonDirectory, { at }: Inventory): Module {
  const stem = nameOf(source.path).slice(0, -'.py'.length)
  const cached = `${below(directoryOf(source.path), '__pycache__')}/${stem}.${tag}`
  const site = `${path}/site-packages/`
  const end = source.path.startsWith(site) ? source.path.indexOf('/', site.length) : -1
  const bytecode = at.get(`${cached}.pyc`)
  return {
    source,
    package: end < 0 ? source.path : source.path.slice(0, end),
    bytecode,
    optimisedOnly: !bytecode && (at.has(`${cached}.opt-1.pyc`) || at.has(`${cached}.opt-2.pyc`)),
  }
}

const COMPILED_AT_EVERY_START =
  'The image is read-only: python compiles them at every start of a program that imports them.'

function howToCompile({ path }: PythonDirectory): string {
  return `Pack with --compile, or first run this in the environment's directory: bin/python -m compileall -q -j 0 ${path}`
}

function absent(modules: readonly Module[], python: PythonDirectory): readonly Finding[] {
  const without = modules.filter(({ bytecode }) => bytecode === undefined)
  const optimised = without.filter(({ optimisedOnly }) => optimisedOnly)
  const plain = without.filter(({ optimisedOnly }) => !optimisedOnly)
  // Templates and Python 2 code do not compile. They are most of the modules without bytecode in otherwise compiled packages.
  const isCompiled = compiledPackages(modules)
  const missing = plain.filter((module) => !isCompiled(module))
  const gaps = plain.filter(isCompiled)
  return [
    ...findingAt(byPackage(missing), {
      code: 'BYTECODE_MISSING',
      severity: 'warning',
      message: `${share(missing, modules)} have no bytecode`,
      effect: COMPILED_AT_EVERY_START,
      remedy: howToCompile(python),
    }),
    ...findingAt(byPackage(optimised), {
      code: 'BYTECODE_OPTIMISED_ONLY',
      severity: 'warning',
      message: `${share(optimised, modules)} have bytecode for python -O or -OO only`,
      effect: COMPILED_AT_EVERY_START,
      remedy: howToCompile(python),
    }),
    ...findingAt(
      gaps.map(({ source }) => ({ path: source.path })),
      {
        code: 'BYTECODE_GAPS',
        severity: 'note',
        message: `${share(gaps, modules)} have no bytecode, in packages that are compiled otherwise`,
        effect:
          'These are mostly templates or code that does not compile. Importing such a module is slower.',
        remedy: 'Nothing to do unless they are imported.',
      },
    ),
  ]
}

/** A test whether at least half of the modules in the package of a module have bytecode. */
function compiledPackages(modules: readonly Module[]): (module: Module) => boolean {
  const balance = new Map<ByteString, number>()
  for (const module of modules) {
    const weight = module.bytecode === undefined ? -1 : 1
    balance.set(module.package, (balance.get(module.package) ?? 0) + weight)
  }
  return (module) => (balance.get(module.package) ?? 0) >= 0
}

function unfit(
  modules: readonly Module[],
  python: PythonDirectory,
  { contentOf }: Inventory,
  latestTime: number | null,
): readonly Finding[] {
  const judged = modules.flatMap((module) => {
    const { source, bytecode } = module
    const content = bytecode && contentOf(bytecode)
    if (content?.kind !== 'bytecode' || source.type !== 'file') return []
    const { header } = content
    return [{ module, header, misfit: misfit(source, header) }]
  })
  const stale = judged.filter(({ misfit }) => misfit !== null)
  const fitting = judged.filter(({ misfit }) => misfit === null)
  const outdated = fitting
    .filter(
      ({ header, module }) => header?.kind === 'timestamp' && module.source.mtime > (latestTime ?? Infinity),
    )
    .map(({ module }) => module)
  const checked = fitting
    .filter(({ header }) => header?.kind === 'hash' && header.checked)
    .map(({ module }) => module)
  return [
    ...findingAt(withExamples(byPackage(stale.map(({ module }) => module)), stale), {
      code: 'BYTECODE_STALE',
      severity: 'warning',
      message: `${share(stale, modules)} have bytecode that does not match the source`,
      effect: COMPILED_AT_EVERY_START,
      remedy: howToCompile(python),
    }),
    ...findingAt(byPackage(outdated), {
      code: 'BYTECODE_STALE_BY_EPOCH',
      severity: 'warning',
      message: `${share(outdated, modules)} will have bytecode that does not match: SOURCE_DATE_EPOCH changes the time of the source`,
      effect: COMPILED_AT_EVERY_START,
      remedy:
        'Pack with --compile, compile with --invalidation-mode unchecked-hash, or unset SOURCE_DATE_EPOCH.',
    }),
    ...findingAt(byPackage(checked), {
      code: 'BYTECODE_CHECKED',
      severity: 'note',
      message: `${share(checked, modules)} have bytecode that is compared with the hash of the source`,
      effect: 'Each import reads the source as well, and compiles it if it differs.',
      remedy: 'Compile with --invalidation-mode unchecked-hash, since the image does not change.',
    }),
  ]
}

interface Stale {
  readonly module: Module
  readonly misfit: string | null
}

/** Adds to each package the first of its stale modules, and why it is stale. */
function withExamples(packages: readonly Location[], stale: readonly Stale[]): readonly Location[] {
  const first = new Map(stale.toReversed().map((one) => [one.module.package, one]))
  return packages.map(({ path, detail }) => {
    const example = first.get(path)
    const name = example?.module.source.path.slice(path.length + 1) || nameOf(path)
    return { path, detail: `${detail}; ${name} ${example?.misfit}` }
  })
}

/** Why Python would not use this bytecode for this source; null if it would. Compares them like importlib. */
function misfit({ mtime, size }: Entry, header: BytecodeHeader | null): string | null {
  if (header === null) return 'has truncated bytecode'
  if (header.kind === 'hash') return null
  if (header.size !== size >>> 0) return `has ${size} bytes, and its bytecode was made from ${header.size}`
  if (header.mtime === mtime >>> 0) return null
  return `is of ${timeText(mtime)}, and its bytecode of ${timeText(header.mtime)}`
}

function timeText(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace('.000Z', 'Z')
}

function orphans(inventory: Inventory, { path, tag }: PythonDirectory): readonly Finding[] {
  const found = inventory.entries.filter((entry) => {
    if (!entry.path.endsWith('.pyc') || !isBelow(entry.path, path)) return false
    const cache = directoryOf(entry.path)
    if (nameOf(cache) !== '__pycache__') return false
    const bytecode = parseBytecodeName(nameOf(entry.path))
    if (bytecode?.tag !== tag) return false
    const source = below(directoryOf(cache), `${bytecode.module}.py`)
    return !inventory.at.has(source) && !inventory.isExcluded(source)
  })
  return findingAt(
    found.map((entry) => ({ path: entry.path })),
    {
      code: 'BYTECODE_WITHOUT_SOURCE',
      severity: 'note',
      message: 'bytecode in __pycache__ has no source',
      effect: 'Python does not use it, and it takes space.',
      remedy: 'Remove it.',
    },
    spaceUsedBy(found, inventory),
  )
}

function share(some: readonly unknown[], all: readonly unknown[]): string {
  return `${some.length} of ${all.length} modules`
}

function byPackage(modules: readonly Module[]): readonly Location[] {
  const counts = new Map<ByteString, number>()
  for (const module of modules) counts.set(module.package, (counts.get(module.package) ?? 0) + 1)
  return [...counts].map(([path, count]) => ({ path, detail: count === 1 ? '1 module' : `${count} modules` }))
}
