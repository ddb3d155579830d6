/** Parses ELF files (programs and shared libraries): their machine, and where the loader searches for the libraries they need. */
import type { ByteString } from 'squashfs-writer/paths'
import { latin1, part, type Reading } from './reading.js'

export interface ElfFile {
  /** `e_machine`: 62 for x86-64, 183 for AArch64. */
  readonly machine: number
  /** The directories of DT_RUNPATH, or of DT_RPATH if there is none. `$ORIGIN`, the directory of the file, is not replaced. */
  readonly libraryPath: readonly ByteString[]
  /** The names of the libraries that it needs; empty if there is no library path, since nothing uses them then. */
  readonly needed: readonly ByteString[]
}

const MACHINES: Readonly<Record<number, string>> = {
  3: 'i686',
  20: 'ppc',
  21: 'ppc64le',
  22: 's390x',
  40: 'armv7l',
  62: 'x86_64',
  183: 'aarch64',
  243: 'riscv64',
}

/** The name of a machine, as `uname -m` prints it; undefined if unknown. */
export function machineName(machine: number): string | undefined {
  return MACHINES[machine]
}

/** Bytes at the start of a file that contain its headers, as linkers arrange them. */
export const ELF_HEAD_SIZE = 1024
const MAX_DYNAMIC_BYTES = 65_536
const MAX_STRING_BYTES = 4096
const STRING_PIECE_BYTES = 512

const Segment = { LOAD: 1, DYNAMIC: 2 } as const
const Tag = { END: 0, NEEDED: 1, STRING_TABLE: 5, RPATH: 15, RUNPATH: 29 } as const

/**
 * Reads only the headers and the strings that are needed. Null if the file is not ELF, or truncated.
 * @param head the first {@link ELF_HEAD_SIZE} bytes of the file, or the whole file if it is shorter.
 */
export function* parseElf(head: Uint8Array): Reading<ElfFile | null> {
  const machine = machineIn(head)
  if (machine === null) return null
  const numbers = numbersOf(head)
  const segments = yield* segmentsOf(head, numbers)
  const dynamic = segments?.find(({ type }) => type === Segment.DYNAMIC)
  if (!segments || !dynamic) return { machine, libraryPath: [], needed: [] }

  const tags = tagsOf(yield* part(dynamic.offset, Math.min(dynamic.size, MAX_DYNAMIC_BYTES)), numbers)
  const strings = fileOffset(tags.find(([tag]) => tag === Tag.STRING_TABLE)?.[1], segments)
  if (strings === undefined) return { machine, libraryPath: [], needed: [] }
  const placesOf = (wanted: number) =>
    tags.flatMap(([tag, value]) => (tag === wanted ? [strings + value] : []))
  const [place] = [...placesOf(Tag.RUNPATH), ...placesOf(Tag.RPATH)]
  if (place === undefined) return { machine, libraryPath: [], needed: [] }
  const [path = '', ...needed] = yield* stringsAt([place, ...placesOf(Tag.NEEDED)])
  return { machine, libraryPath: path.split(':'), needed }
}

/** The machine of an ELF file, from its first bytes; null if the file is not ELF. */
export function machineIn(head: Uint8Array): number | null {
  return isElf(head) && head.length >= 64 ? numbersOf(head).half(head, 18) : null
}

/** Whether these are the first bytes of an ELF file. */
export function isElf(bytes: Uint8Array): boolean {
  return bytes[0] === 0x7f && bytes[1] === 0x45 && bytes[2] === 0x4c && bytes[3] === 0x46
}

/** Reads the numbers of a file, which has 32 or 64 bits and little or big endian byte order. */
interface Numbers {
  readonly wide: boolean
  readonly half: (bytes: Uint8Array, at: number) => number
  readonly word: (bytes: Uint8Array, at: number) => number
  /** An address or offset: 4 or 8 bytes. */
  readonly address: (bytes: Uint8Array, at: number) => number
}

function numbersOf(first: Uint8Array): Numbers {
  const wide = first[4] === 2
  const little = first[5] !== 2
  const view = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const word = (bytes: Uint8Array, at: number) => view(bytes).getUint32(at, little)
  return {
    wide,
    word,
    half: (bytes, at) => view(bytes).getUint16(at, little),
    address: (bytes, at) => (wide ? Number(view(bytes).getBigUint64(at, little)) : word(bytes, at)),
  }
}

interface ElfSegment {
  readonly type: number
  readonly offset: number
  readonly address: number
  readonly size: number
}

function* segmentsOf(
  first: Uint8Array,
  { wide, half, word, address }: Numbers,
): Reading<readonly ElfSegment[] | null> {
  const at = address(first, wide ? 32 : 28)
  const count = half(first, wide ? 56 : 44)
  const size = wide ? 56 : 32
  const end = at + count * size
  const table = end <= first.length ? first.subarray(at, end) : yield* part(at, count * size)
  if (table.length < count * size) return null
  return Array.from({ length: count }, (_, n) => {
    const header = table.subarray(n * size, (n + 1) * size)
    return {
      type: word(header, 0),
      offset: address(header, wide ? 8 : 4),
      address: address(header, wide ? 16 : 8),
      size: address(header, wide ? 32 : 16),
    }
  })
}

/** The tags and values of the dynamic section, up to its end. */
function tagsOf(bytes: Uint8Array, { wide, address }: Numbers): readonly (readonly [number, number])[] {
  const size = wide ? 16 : 8
  const all = Array.from(
    { length: Math.floor(bytes.length / size) },
    (_, n) => [address(bytes, n * size), address(bytes, n * size + size / 2)] as const,
  )
  const end = all.findIndex(([tag]) => tag === Tag.END)
  return end < 0 ? all : all.slice(0, end)
}

/** The position in the file of a memory address. */
function fileOffset(address: number | undefined, segments: readonly ElfSegment[]): number | undefined {
  if (address === undefined) return undefined
  const holder = segments.find(
    ({ type, address: begin, size }) => type === Segment.LOAD && address >= begin && address < begin + size,
  )
  return holder && address - holder.address + holder.offset
}

/** Reads several strings in short pieces, because string tables are large and the strings are short. */
function* stringsAt(places: readonly number[]): Reading<readonly ByteString[]> {
  const texts = places.map(() => '')
  let open = places.map((_, n) => n)
  while (open.length > 0) {
    const pieces = yield open.map((n) => ({
      start: places[n]! + texts[n]!.length,
      length: STRING_PIECE_BYTES,
    }))
    open = open.filter((n, at) => {
      const piece = pieces[at]!
      const end = piece.indexOf(0)
      texts[n] += latin1(end < 0 ? piece : piece.subarray(0, end))
      return end < 0 && piece.length === STRING_PIECE_BYTES && texts[n]!.length < MAX_STRING_BYTES
    })
  }
  return texts
}
