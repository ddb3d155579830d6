import { readFileSync } from 'node:fs'
import { posix } from 'node:path'
import { fileURLToPath } from 'node:url'
import glob from 'fast-glob'
import { describe, expect, it } from 'vitest'

const SOURCE_FOLDER = fileURLToPath(new URL('.', import.meta.url))

interface Import {
  /** From the sources' folder. */
  readonly file: string
  readonly layer: string
  /** As it is written. */
  readonly what: string
  /** The layer that it leads to; null when it is not a source of this package. */
  readonly to: string | null
}

/** The first folder of a path, or a file's name: `format`, `tree`, `output`, ... */
const layerOf = (path: string) => path.split('/')[0]!.replace(/\.[jt]s$/, '')

const SOURCES = glob.sync('**/*.ts', { cwd: SOURCE_FOLDER, ignore: ['**/*.test.ts'] }).sort()

/** All that is imported: by `from`, for its effect, or by `import()`. */
const IMPORTS = SOURCES.flatMap((file) => {
  const text = readFileSync(`${SOURCE_FOLDER}/${file}`, 'utf8')
  const found = text.matchAll(
    /^(?:import|export|\}).*\bfrom '([^']+)'|^import '([^']+)'|\bimport\('([^']+)'\)/gm,
  )
  return [...found].map((match): Import => {
    const what = match[1] ?? match[2] ?? match[3]!
    const to = what.startsWith('.') ? layerOf(posix.join(posix.dirname(file), what)) : null
    return { file, layer: layerOf(file), what, to }
  })
})

/** What each layer may import of this package. What is not listed here is a program's or a test's business. */
const BELOW: Readonly<Record<string, readonly string[]>> = {
  errors: [],
  'option-rules': ['errors'],
  format: ['format'],
  tree: ['tree', 'format', 'option-rules', 'errors'],
  codec: ['codec', 'format', 'option-rules', 'errors'],
  reader: ['reader', 'tree', 'format', 'codec', 'errors'],
  output: [],
  'memory-sink': ['output', 'errors'],
  paths: ['tree'],
  data: ['data', 'tree', 'format', 'codec', 'output', 'errors'],
  tables: ['tables', 'tree', 'format', 'codec', 'output', 'errors'],
  image: ['data', 'tables', 'tree', 'format', 'codec', 'output', 'errors'],
  node: [
    'node',
    'image',
    'memory-sink',
    'reader',
    'data',
    'tables',
    'tree',
    'format',
    'codec',
    'output',
    'option-rules',
    'errors',
  ],
  index: [
    'node',
    'image',
    'memory-sink',
    'reader',
    'data',
    'tables',
    'tree',
    'format',
    'codec',
    'output',
    'errors',
  ],
}

/** What each layer may import of other packages. */
const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  tree: ['picomatch'],
  codec: ['@mongodb-js/zstd', '@toondepauw/node-zstd', 'fflate'],
  node: ['koffi'],
}

const told = (imports: readonly Import[]) => imports.map(({ file, what }) => `${file} imports ${what}`)

describe('imports', () => {
  it('are found', () => {
    expect(new Set(SOURCES.map(layerOf))).toEqual(new Set(Object.keys(BELOW)))
    const one = (file: string) => IMPORTS.filter((i) => i.file === file).map(({ what, to }) => [what, to])
    expect(one('tables/lookup-table.ts')).toContainEqual(['../output.js', 'output'])
    expect(one('tree/node.ts')).toContainEqual(['./byte-string.js', 'tree'])
    expect(one('tree/entry.ts')).toContainEqual(['./node.js', 'tree']) // over several lines
    expect(one('format/index.ts')).toContainEqual(['./inode.js', 'format']) // export from
    expect(one('codec/gzip.ts')).toContainEqual(['fflate', null]) // import()
    expect(one('index.ts')).toContainEqual(['./node/write-image.js', 'node'])
  })

  it('point downwards', () => {
    const upwards = IMPORTS.filter(({ layer, to }) => to !== null && !BELOW[layer]?.includes(to))
    expect(told(upwards)).toEqual([])
  })

  it("of Node's modules are for what needs Node, and for gzip and zstd", () => {
    const wrong = IMPORTS.filter(({ layer, file, what }) => {
      if (!what.startsWith('node:') || layer === 'node') return false
      return !/^codec\/(gzip|expand)\.ts$/.test(file) || !['node:zlib', 'node:util'].includes(what)
    })
    expect(told(wrong)).toEqual([])
  })

  it('of what needs Node are for the index', () => {
    const wrong = IMPORTS.filter(({ layer, to }) => to === 'node' && layer !== 'node' && layer !== 'index')
    expect(told(wrong)).toEqual([])
  })

  it('of other packages are few', () => {
    const wrong = IMPORTS.filter(
      ({ layer, what, to }) => to === null && !what.startsWith('node:') && !PACKAGES[layer]?.includes(what),
    )
    expect(told(wrong)).toEqual([])
  })
})
