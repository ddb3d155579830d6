/** Peek: reads of files what the findings need to know of them, and no more; of most files that is nothing. */
import type { DirectoryLook, DiskEntry } from 'squashfs-writer'
import type { ByteString } from 'squashfs-writer/paths'
import { activateScripts } from '../formats/activate-script.js'
import { BYTECODE_HEADER_SIZE, parseBytecodeHeader } from '../formats/bytecode-header.js'
import { ELF_HEAD_SIZE, isElf, parseElf } from '../formats/elf.js'
import { isWrapped, PROGRAM_HEAD_SIZE, WRAPPED_HEAD_SIZE } from '../formats/program-head.js'
import { latin1, part, type Range, type Reading } from '../formats/reading.js'
import { bytecodeTag } from '../python-layout.js'
import { type Content, type Entry, folderOf, nameOf } from './entry.js'
import { permissionTest } from './permission.js'

/** Of a file what was read, or why that could not be done. */
export type Peeked = Pick<Entry, 'content' | 'failure'>

/** Files that are read in one go: many, for where each waits for a network, and few enough to be forgotten soon. */
const filesAtATime = 1024

/**
 * What became of each file, by its path, of which anything is worth reading, or which has to be opened to know whether it
 * can be.
 */
export async function peek(
  files: readonly DiskEntry[],
  look: Pick<DirectoryLook, 'read'>,
): Promise<ReadonlyMap<ByteString, Peeked>> {
  const peeked = new Map<ByteString, Peeked>()
  const looksReadable = permissionTest()
  const planned = files.flatMap((entry) => {
    const plan = planFor(entry) ?? (looksReadable(entry) ? undefined : nothing)
    return plan ? [{ entry, plan }] : []
  })
  for (let n = 0; n < planned.length; n += filesAtATime)
    await peekAt(planned.slice(n, n + filesAtATime), look, ({ path }, found) => peeked.set(path, found))
  return peeked
}

/** A file, and what is to be read of it. */
interface Planned {
  readonly entry: DiskEntry
  readonly plan: Plan
}

/** A file that is being read. */
interface Reader {
  readonly entry: DiskEntry
  readonly reading: Reading<Content | null>
  readonly wants: readonly Range[]
}

/** Reads what the files' readings ask for, of all of them at once, until each has come to its end. */
async function peekAt(
  files: readonly Planned[],
  look: Pick<DirectoryLook, 'read'>,
  take: (file: DiskEntry, peeked: Peeked) => void,
): Promise<void> {
  let readers = files.flatMap(({ entry, plan }) => resume(entry, plan(entry.size), []))
  while (readers.length > 0) {
    const parts = readers.flatMap(({ entry, wants }) =>
      wants.map(({ start, length }) => ({ entry, start, length })),
    )
    const answers = await look.read(parts)
    let next = 0
    readers = readers.flatMap(({ entry, reading, wants }) => {
      const own = answers.slice(next, next + wants.length)
      next += wants.length
      return resume(entry, reading, own)
    })
  }

  /** Has a reading go on with what it asked for. */
  function resume(
    entry: DiskEntry,
    reading: Reading<Content | null>,
    answers: Awaited<ReturnType<DirectoryLook['read']>>,
  ): readonly Reader[] {
    const bytes: Uint8Array[] = []
    for (const answer of answers) {
      if (!(answer instanceof Uint8Array)) {
        take(entry, { content: null, failure: answer })
        return []
      }
      bytes.push(answer)
    }
    const { value, done } = reading.next(bytes)
    if (!done) return [{ entry, reading, wants: value }]
    take(entry, { content: value, failure: null })
    return []
  }
}

/** What is worth reading of a file of this size. */
type Plan = (size: number) => Reading<Content | null>

/** By the file's path in the environment; undefined for nothing. */
function planFor({ path, size }: DiskEntry): Plan | undefined {
  if (size === 0) return undefined
  const name = nameOf(path)
  if (isOwnBytecode(path, name)) return bytecode
  if (/\.so(?:\.\d+)*$/.test(name)) return elf
  const folder = folderOf(path)
  if (folder === 'bin') return name in activateScripts ? text : program
  if (folder.endsWith('/site-packages')) return /\.(?:pth|egg-link)$/.test(name) ? text : undefined
  if (folder.endsWith('.dist-info')) return name === 'RECORD' || name === 'direct_url.json' ? text : undefined
  return /^share\/jupyter\/kernels\/[^/]+\/kernel\.json$/.test(path) ? text : undefined
}

/** Texts beyond this are not what their names say. */
const largestText = 64 * 1024 * 1024

/** Bytecode at the plain level, for the Python in whose folder it lies. */
function isOwnBytecode(path: ByteString, name: ByteString): boolean {
  if (!name.endsWith('.pyc')) return false
  const tag = bytecodeTag(path)
  return tag !== undefined && name.endsWith(`.${tag}.pyc`)
}

/** Opens a file, and that is all. */
function* nothing(): Reading<null> {
  yield* part(0, 0)
  return null
}

/** Made once: most of what is read is this. */
const bytecodeHead = [{ start: 0, length: BYTECODE_HEADER_SIZE }]

function* bytecode(): Reading<Content> {
  const [head] = yield bytecodeHead
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
  return size > largestText ? null : { kind: 'text', text: latin1(yield* part(0, size)) }
}
