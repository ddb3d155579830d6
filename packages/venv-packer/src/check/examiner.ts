/**
 * The examiner of the check: a module that squashfs-writer loads in each worker and calls for open files. It reads the parts of files that
 * the rules need. Most files are not examined at all.
 */

import type { Examine } from 'squashfs-writer'
import type { ByteString } from 'squashfs-writer/paths'
import { bytecodeTag } from '../environment/python-layout.js'
import { ACTIVATE_SCRIPTS, isWrapped, PROGRAM_HEAD_SIZE, WRAPPED_HEAD_SIZE } from '../environment/scripts.js'
import { type Content, directoryOf, type Entry, nameOf } from './entry.js'
import { BYTECODE_HEADER_SIZE, parseBytecodeHeader } from './formats/bytecode-header.js'
import { ELF_HEAD_SIZE, isElf, parseElf } from './formats/elf.js'
import { latin1, part, type Reading } from './formats/reading.js'

/** Whether the rules need a part of a file. */
export function hasRelevantContent(file: Pick<Entry, 'path' | 'size'>): boolean {
  return planFor(file) !== undefined
}

/** Reads the parts of a file that the rules need, range by range; undefined if they need nothing of it. */
export function readingOf(file: Pick<Entry, 'path' | 'size'>): Reading<Content | null> | undefined {
  return planFor(file)?.(file.size)
}

/** Returns the parts of a file that the rules need; null if they need nothing. */
const examine: Examine = (file, read): Content | null => {
  const reading = readingOf(file)
  if (!reading) return null
  for (let bytes: Uint8Array[] = []; ; ) {
    const { value, done } = reading.next(bytes)
    if (done) return value
    bytes = value.map(({ start, length }) => read(start, length))
  }
}
export default examine

/** Reads the needed parts of a file of a given size. */
type Plan = (size: number) => Reading<Content | null>

/** Chooses by the path in the environment how to read a file; undefined if nothing of it is needed. */
function planFor({ path, size }: Pick<Entry, 'path' | 'size'>): Plan | undefined {
  if (size === 0) return undefined
  const name = nameOf(path)
  if (isOwnBytecode(path, name)) return bytecode
  if (/\.so(?:\.\d+)*$/.test(name)) return elf
  const directory = directoryOf(path)
  if (directory === 'bin') return name in ACTIVATE_SCRIPTS ? text : program
  if (directory.endsWith('/site-packages')) return /\.(?:pth|egg-link)$/.test(name) ? text : undefined
  if (directory.endsWith('.dist-info'))
    return name === 'RECORD' || name === 'direct_url.json' ? text : undefined
  return /^share\/jupyter\/kernels\/[^/]+\/kernel\.json$/.test(path) ? text : undefined
}

/** A larger file is not what its name says. */
const MAX_TEXT_BYTES = 64 * 1024 * 1024

/** Whether a file is bytecode of level 0, for the Python that the directory belongs to. */
function isOwnBytecode(path: ByteString, name: ByteString): boolean {
  if (!name.endsWith('.pyc')) return false
  const tag = bytecodeTag(path)
  return tag !== undefined && name.endsWith(`.${tag}.pyc`)
}

/** One object for all calls, because most examined files are bytecode. */
const BYTECODE_HEAD = [{ start: 0, length: BYTECODE_HEADER_SIZE }]

function* bytecode(): Reading<Content> {
  const [head] = yield BYTECODE_HEAD
  return { kind: 'bytecode', header: parseBytecodeHeader(head!) }
}

function* elf(): Reading<Content | null> {
  return yield* elfAfter(yield* part(0, ELF_HEAD_SIZE))
}

function* elfAfter(head: Uint8Array): Reading<Content | null> {
  const found = yield* parseElf(head)
  return found && { kind: 'elf', elf: found }
}

function* program(): Reading<Content | null> {
  const head = yield* part(0, Math.max(PROGRAM_HEAD_SIZE, ELF_HEAD_SIZE))
  if (isElf(head)) return yield* elfAfter(head)
  const text = latin1(head)
  return { kind: 'program', head: isWrapped(text) ? latin1(yield* part(0, WRAPPED_HEAD_SIZE)) : text }
}

function* text(size: number): Reading<Content | null> {
  return size > MAX_TEXT_BYTES ? null : { kind: 'text', text: latin1(yield* part(0, size)) }
}
