/** Findings about files that do not belong in an environment: caches, leftovers of tools, special files, names that are not UTF-8. */
import { type ByteString, toBytes } from 'squashfs-writer/paths'
import { parseBytecodeName } from '../../environment/python-layout.js'
import { directoryOf, type Entry, nameOf } from '../entry.js'
import { type CheckContext, type Finding, findingAt, spaceUsedBy } from '../finding.js'
import { isBelow } from '../outside.js'

export function leftoverFindings(context: CheckContext): readonly Finding[] {
  const { otherPythons, python } = context.inventory
  return [
    ...underDirectories(context, cachesOf(context), {
      code: 'CACHE',
      message: 'there are caches of tools in the environment',
      effect: 'They are packed, but never used in the image.',
      remedy: 'Remove them, or leave them out with --exclude.',
    }),
    ...underDirectories(context, halfRemoved(context), {
      code: 'HALF_REMOVED',
      message: 'pip failed to remove packages completely (names that begin with ~)',
      effect: 'The remains are packed, but never used.',
      remedy: 'Remove them.',
    }),
    ...underDirectories(context, python ? otherPythons.map(({ path }) => path) : [], {
      code: 'OTHER_PYTHON',
      message: 'the environment has packages of other Pythons',
      effect: `Python ${python?.version} does not use them, and they take space.`,
      remedy: 'Remove them, or leave them out with --exclude.',
    }),
    ...otherBytecode(context),
  ]
}

type FindingText = Pick<Finding, 'code' | 'message' | 'effect' | 'remedy'>

/** A note about directories or files, with the space that they take. */
function underDirectories(
  { inventory }: CheckContext,
  tops: readonly ByteString[],
  text: FindingText,
): readonly Finding[] {
  if (tops.length === 0) return []
  const entries = inventory.entries.filter(({ path }) => tops.some((top) => isBelow(path, top)))
  const locations = tops.map((path) => ({ path }))
  return findingAt(locations, { ...text, severity: 'note' }, spaceUsedBy(entries, inventory))
}

const CACHE_NAMES =
  /^(?:\.cache|\.pip|pip-cache|uv-cache|\.mypy_cache|\.pytest_cache|\.ruff_cache|\.ipynb_checkpoints)$/

/** Caches, by their names or by CACHEDIR.TAG. uv puts that tag into the environment itself, which does not count. */
function cachesOf({ inventory }: CheckContext): readonly ByteString[] {
  const tagged = inventory.entries
    .filter(({ path }) => path.endsWith('/CACHEDIR.TAG'))
    .map(({ path }) => directoryOf(path))
  const named = inventory.entries
    .filter(({ path, type }) => type === 'directory' && CACHE_NAMES.test(nameOf(path)))
    .map(({ path }) => path)
  const all = [...new Set([...tagged, ...named])]
  return all.filter((path) => !all.some((other) => other !== path && isBelow(path, other)))
}

function halfRemoved({ inventory }: CheckContext): readonly ByteString[] {
  const site = `${inventory.python?.path}/site-packages`
  return inventory.entries
    .filter(({ path }) => path.startsWith(`${site}/~`) && directoryOf(path) === site)
    .map(({ path }) => path)
}

/** Bytecode for another Python or another program, and temporary files of an interrupted compilation. */
function otherBytecode({ inventory }: CheckContext): readonly Finding[] {
  const { python } = inventory
  if (python === undefined) return []
  const isOther = ({ path, type }: Entry) =>
    type === 'file' &&
    path.includes('.pyc') &&
    isBelow(path, python.path) &&
    nameOf(directoryOf(path)) === '__pycache__' &&
    parseBytecodeName(nameOf(path))?.tag !== python.tag
  const found = inventory.entries.filter(isOther)
  const tags = new Set(found.map(({ path }) => parseBytecodeName(nameOf(path))?.tag ?? 'unfinished files'))
  return findingAt(
    found.map(({ path }) => ({ path })),
    {
      code: 'OTHER_BYTECODE',
      severity: 'note',
      message: `there is bytecode that Python ${python.version} does not use (${[...tags].sort().join(', ')})`,
      effect: 'It is never used, and takes space.',
      remedy: 'Remove it, or leave it out with --exclude.',
    },
    spaceUsedBy(found, inventory),
  )
}

const SPECIAL_FILES: Readonly<Record<string, string>> = {
  socket: 'socket',
  fifo: 'fifo',
  'block-device': 'device',
  'character-device': 'device',
}

export function kindFindings({ inventory }: CheckContext): readonly Finding[] {
  const { entries } = inventory
  return [
    ...findingAt(
      entries.flatMap(({ path, type }) => {
        const detail = SPECIAL_FILES[type ?? '']
        return detail === undefined ? [] : [{ path, detail }]
      }),
      {
        code: 'SPECIAL_FILE',
        severity: 'warning',
        message: 'there are sockets, fifos or devices in the environment',
        effect:
          'They are packed, but do not work in the image: no process serves them, and images are mounted without devices.',
        remedy: 'End the program that made them and remove them, or leave them out with --exclude.',
      },
    ),
    ...findingAt(
      entries.filter(({ path }) => !isUtf8(nameOf(path))).map(({ path }) => ({ path })),
      {
        code: 'NAME_NOT_UTF8',
        severity: 'note',
        message: 'names are not UTF-8',
        effect: 'They are packed unchanged, but some programs cannot open them.',
        remedy: 'Rename them if they are used.',
      },
    ),
  ]
}

const decoder = new TextDecoder('utf-8', { fatal: true })

function isUtf8(name: ByteString): boolean {
  if (!/[\u0080-\u00ff]/.test(name)) return true
  try {
    decoder.decode(toBytes(name))
    return true
  } catch {
    return false
  }
}
