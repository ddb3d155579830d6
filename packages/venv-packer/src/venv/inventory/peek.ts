/** Peek: reads of a file what the findings need to know of it, and no more; of most files that is nothing. */
import { closeSync, constants, openSync, readSync } from 'node:fs'
import type { ByteString } from 'squashfs-writer/paths'
import { activateScripts } from '../formats/activate-script.js'
import { BYTECODE_HEADER_SIZE, parseBytecodeHeader } from '../formats/bytecode-header.js'
import { isElf, parseElf } from '../formats/elf.js'
import { PROGRAM_HEAD_SIZE } from '../formats/program-head.js'
import { bytecodeTag } from '../python-layout.js'
import { diskPath } from './disk-path.js'
import { type Content, folderOf, nameOf } from './entry.js'

type Reading = (readAt: (position: number, length: number) => Buffer, size: number) => Content | null

/** What is worth reading of the file at this path in the environment; undefined for nothing. */
export function readingFor(path: ByteString): Reading | undefined {
  const name = nameOf(path)
  if (isOwnBytecode(path, name)) return bytecode
  if (/\.so(?:\.\d+)*$/.test(name)) return elf
  const folder = folderOf(path)
  if (folder === 'bin') return name in activateScripts ? text : program
  if (folder.endsWith('/site-packages')) return /\.(?:pth|egg-link)$/.test(name) ? text : undefined
  if (folder.endsWith('.dist-info')) return name === 'RECORD' || name === 'direct_url.json' ? text : undefined
  return /^share\/jupyter\/kernels\/[^/]+\/kernel\.json$/.test(path) ? text : undefined
}

/**
 * Opens a file and reads of it what is wanted.
 * @throws the system's error.
 */
export function peek(path: ByteString, size: number, reading: Reading): Content | null {
  const descriptor = openSync(diskPath(path), flags)
  try {
    return reading(
      (position, length) => readAt(descriptor, position, Math.min(length, size - position)),
      size,
    )
  } finally {
    closeSync(descriptor)
  }
}

// A file that became a symlink or a fifo since it was looked at is not followed, and not waited for.
const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK

/** Texts beyond this are not what their names say. */
const largestText = 64 * 1024 * 1024

function readAt(descriptor: number, position: number, length: number): Buffer {
  if (!(length > 0 && position >= 0)) return Buffer.alloc(0)
  const bytes = Buffer.allocUnsafe(length)
  return bytes.subarray(0, readSync(descriptor, bytes, 0, length, position))
}

/** Bytecode at the plain level, for the Python in whose folder it lies. */
function isOwnBytecode(path: ByteString, name: ByteString): boolean {
  if (!name.endsWith('.pyc')) return false
  const tag = bytecodeTag(path)
  return tag !== undefined && name.endsWith(`.${tag}.pyc`)
}

const bytecode: Reading = (readAt) => ({
  kind: 'bytecode',
  header: parseBytecodeHeader(readAt(0, BYTECODE_HEADER_SIZE)),
})

const elf: Reading = (readAt) => {
  const found = parseElf(readAt)
  return found && { kind: 'elf', elf: found }
}

const program: Reading = (readAt) => {
  const head = readAt(0, PROGRAM_HEAD_SIZE)
  return isElf(head) ? elf(readAt, head.length) : { kind: 'program', head: head.toString('latin1') }
}

const text: Reading = (readAt, size) =>
  size > largestText ? null : { kind: 'text', text: readAt(0, size).toString('latin1') }
