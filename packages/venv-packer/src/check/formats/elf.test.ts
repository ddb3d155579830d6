import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ELF_HEAD_SIZE, type ElfFile, parseElf } from './elf.js'

/** The parser's result for a file, and how many bytes of it were read. */
function readElf(file: Buffer): { readonly found: ElfFile | null; readonly bytes: number } {
  const reading = parseElf(file.subarray(0, ELF_HEAD_SIZE))
  let bytes = ELF_HEAD_SIZE
  for (let step = reading.next([]); ; ) {
    if (step.done) return { found: step.value, bytes }
    const parts = step.value.map(({ start, length }) => file.subarray(start, start + length))
    bytes += parts.reduce((sum, { length }) => sum + length, 0)
    step = reading.next(parts)
  }
}

const node = readFileSync(process.execPath)

interface Made {
  readonly wide: boolean
  readonly little: boolean
}

/** An ELF file with only a program header table, a dynamic section and a string table. */
function makeElf({ wide, little }: Made, tags: readonly (readonly [number, string])[]): Buffer {
  const [headerSize, entrySize, address] = wide ? [64, 56, 8] : [52, 32, 4]
  const base = 0x10000
  const strings = Buffer.from(`\0${tags.map(([, text]) => `${text}\0`).join('')}`)
  const dynamicAt = headerSize + 2 * entrySize
  const dynamicSize = (tags.length + 2) * 2 * address
  const stringsAt = dynamicAt + dynamicSize
  const file = Buffer.alloc(stringsAt + strings.length)
  const put = (at: number, size: number, value: number): void => {
    const bytes = Buffer.alloc(8)
    if (little) bytes.writeBigUInt64LE(BigInt(value))
    else bytes.writeBigUInt64BE(BigInt(value))
    bytes.copy(file, at, little ? 0 : 8 - size, little ? size : 8)
  }
  file.set([0x7f, 0x45, 0x4c, 0x46, wide ? 2 : 1, little ? 1 : 2])
  put(18, 2, 62)
  put(wide ? 32 : 28, address, headerSize)
  put(wide ? 56 : 44, 2, 2)
  const segments = [
    [1, 0, base, file.length],
    [2, dynamicAt, base + dynamicAt, dynamicSize],
  ] as const
  for (const [n, [type, offset, begin, size]] of segments.entries()) {
    const at = headerSize + n * entrySize
    put(at, 4, type)
    put(at + (wide ? 8 : 4), address, offset)
    put(at + (wide ? 16 : 8), address, begin)
    put(at + (wide ? 32 : 16), address, size)
  }
  let text = 1
  const pairs = tags.map(([tag, value]) => {
    const pair = [tag, text] as const
    text += value.length + 1
    return pair
  })
  for (const [n, [tag, value]] of [...pairs, [5, base + stringsAt] as const].entries()) {
    put(dynamicAt + n * 2 * address, address, tag)
    put(dynamicAt + n * 2 * address + address, address, value)
  }
  strings.copy(file, stringsAt)
  return file
}

const [NEEDED, RPATH, RUNPATH] = [1, 15, 29]

describe('an ELF file', () => {
  it.each([
    { wide: true, little: true },
    { wide: true, little: false },
    { wide: false, little: true },
    { wide: false, little: false },
  ])('of any width and byte order is parsed: machine, library path and needed libraries: %j', (made) => {
    const long = `/${'long/'.repeat(300)}`
    const file = makeElf(made, [
      [NEEDED, 'libone.so'],
      [RUNPATH, `$ORIGIN/../lib:${long}`],
      [RPATH, '/ignored'],
      [NEEDED, 'libtwo.so.1'],
    ])
    expect(readElf(file).found).toEqual({
      machine: 62,
      libraryPath: ['$ORIGIN/../lib', long],
      needed: ['libone.so', 'libtwo.so.1'],
    })
    expect(readElf(makeElf(made, [[RPATH, '/old']])).found?.libraryPath).toEqual(['/old'])
    expect(readElf(makeElf(made, [[NEEDED, 'x']])).found?.libraryPath).toEqual([])
  })

  it('of the system is parsed from a few kilobytes', () => {
    const { found, bytes } = readElf(node)
    expect(found?.machine).toBe(node.readUInt16LE(18))
    expect(bytes).toBeLessThan(100_000)
  })

  it('that is truncated or damaged is no error', () => {
    const whole = makeElf({ wide: true, little: true }, [
      [RUNPATH, '/x'],
      [NEEDED, 'y'],
    ])
    fc.assert(
      fc.property(
        fc.nat(whole.length),
        fc.array(fc.tuple(fc.integer({ min: 4, max: whole.length - 1 }), fc.nat(255)), { maxLength: 6 }),
        (length, changes) => {
          const file = Buffer.from(whole)
          for (const [at, value] of changes) file[at] = value
          const { found } = readElf(file.subarray(0, length))
          return found === null || Array.isArray(found.libraryPath)
        },
      ),
      { numRuns: 2000 },
    )
  })
})
