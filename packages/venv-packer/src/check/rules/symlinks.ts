/** Findings about symlinks: dangling ones, and those that lead out of the environment or to its current path. */
import { posix } from 'node:path'
import type { ByteString } from 'squashfs-writer/paths'
import { MAX_LINKS_FOLLOWED } from 'squashfs-writer/system'
import { below, directoryOf, type Entry } from '../entry.js'
import { type CheckContext, type Finding, findingAt, type Location, spaceUsedBy } from '../finding.js'
import type { Inventory } from '../inventory.js'
import { pathTargetOf } from '../relocation.js'

export function symlinkFindings(context: CheckContext): readonly Finding[] {
  const { inventory } = context
  const links = inventory.entries.filter((entry) => entry.target !== null && !isInterpreter(entry, context))
  const judged = links.map((link) => ({ link, verdict: verdictOn(link, context) }))
  const found = (wanted: Verdict) =>
    judged.filter(({ verdict }) => verdict === wanted).map(({ link }) => link)
  const cached = found('cache')
  return [
    ...findingAt(
      cached.map(locationOf),
      {
        code: 'LINK_TO_UV_CACHE',
        severity: 'error',
        message: "packages are symlinks into uv's cache: their files are not in the environment",
        effect: 'The image contains symlinks instead of packages: imports fail where that cache is missing.',
        remedy: 'Install the packages again with uv pip install --link-mode=copy --reinstall.',
      },
      spaceUsedBy(cached, inventory),
    ),
    ...findingAt(found('nowhere').map(locationOf), {
      code: 'LINK_DANGLING',
      severity: 'warning',
      message: 'symlinks are dangling: their targets do not exist',
      effect: 'They are packed unchanged, and are dangling on nodes that do not have the targets.',
      remedy: 'Remove them, or restore their targets.',
    }),
    ...findingAt(found('left behind').map(locationOf), {
      code: 'LINK_TO_THIS_PLACE',
      severity: 'warning',
      message: 'absolute symlinks lead to the current path of the environment',
      effect: 'If the image is mounted at another path they do not lead into it.',
      remedy: 'Make them relative (ln -sr), or mount the image at this place and say so with --mount-point.',
    }),
    ...findingAt(found('outside').map(locationOf), {
      code: 'LINK_OUTSIDE',
      severity: 'warning',
      message: 'symlinks lead out of the environment',
      effect: 'Their targets are not in the image, and must exist on the node at the same paths.',
      remedy: 'Copy the targets into the environment if they are needed, or remove the symlinks.',
    }),
  ]
}

type Verdict = 'fine' | 'nowhere' | 'left behind' | 'outside' | 'cache'

function locationOf({ path, target }: Entry): Location {
  return { path, detail: target ?? '' }
}

/**
 * Whether a symlink leads to the interpreter, which has findings of its own: by its name, or by its target (`bin/𝜋thon` of
 * Python 3.14).
 */
function isInterpreter({ path, target }: Entry, { inventory, use }: CheckContext): boolean {
  const { config, interpreter } = inventory
  if (config === undefined) return false
  if (/^bin\/(?:python|pypy|graalpy)[^/]*$/.test(path)) return true
  const end = follow(directoryOf(path), target ?? '', inventory)
  const python = interpreter?.links.at(-1)
  if (end === undefined || python === undefined) return false
  const { realPath } = use.outside
  return end.startsWith('/') && realPath(end) === realPath(python)
}

function verdictOn({ path, target }: Entry, context: CheckContext): Verdict {
  const { inventory, use } = context
  const end = follow(directoryOf(path), target ?? '', inventory)
  if (end === undefined) return 'nowhere'
  if (!end.startsWith('/')) return 'fine'
  const { kind, inner } = pathTargetOf(end, context)
  if (inner !== null && follow('', inner, inventory) === undefined) return 'nowhere'
  if (kind === 'left behind') return kind
  if (kind === 'inside') return 'fine'
  if (!use.outside.exists(end)) return 'nowhere'
  return /\/archive-v\d+\//.test(end) ? 'cache' : 'outside'
}

/**
 * Resolves a path relative to a directory of the environment. Returns a relative path in the environment, or an absolute path if it
 * leads out of it. Undefined if the path does not exist, or its symlinks form a loop.
 */
function follow(
  directory: ByteString,
  target: ByteString,
  { at, realPath }: Inventory,
): ByteString | undefined {
  let here = directory
  let rest = target.split('/')
  let links = 0
  if (target.startsWith('/')) return target
  for (let part = rest.shift(); part !== undefined; part = rest.shift()) {
    if (part === '' || part === '.') continue
    if (part === '..') {
      if (here === '') return posix.resolve(realPath, '..', ...rest)
      here = directoryOf(here)
      continue
    }
    const entry = at.get(below(here, part))
    if (entry === undefined) return undefined
    if (entry.target === null) {
      here = entry.path
      continue
    }
    if (++links > MAX_LINKS_FOLLOWED) return undefined
    if (entry.target.startsWith('/')) return posix.join(entry.target, ...rest)
    rest = [...entry.target.split('/'), ...rest]
  }
  return here
}
