/** Findings on symlinks: those that lead to nothing, out of the environment, or to where it lies now. */
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
        message: "packages are links into uv's cache: their files are not in the environment",
        effect: 'The image holds links and no packages: nothing can be imported where that cache is missing.',
        remedy: 'Install the packages again with uv pip install --link-mode=copy --reinstall.',
      },
      spaceUsedBy(cached, inventory),
    ),
    ...findingAt(found('nowhere').map(locationOf), {
      code: 'LINK_DANGLING',
      severity: 'warning',
      message: 'symlinks lead to nothing',
      effect: 'They are packed as they are, and lead to nothing on the node, too, unless it exists there.',
      remedy: 'Remove them, or put back what they lead to.',
    }),
    ...findingAt(found('left behind').map(locationOf), {
      code: 'LINK_TO_THIS_PLACE',
      severity: 'warning',
      message: 'absolute symlinks lead to where the environment lies now',
      effect: 'Where the image is mounted anywhere else they do not lead into it.',
      remedy: 'Make them relative (ln -sr), or mount the image at this place and say so with --mount-point.',
    }),
    ...findingAt(found('outside').map(locationOf), {
      code: 'LINK_OUTSIDE',
      severity: 'warning',
      message: 'symlinks lead out of the environment',
      effect: 'What they lead to is not in the image, and must exist on the node at the same path.',
      remedy: 'Copy into the environment what is needed from there, or remove the links.',
    }),
  ]
}

type Verdict = 'fine' | 'nowhere' | 'left behind' | 'outside' | 'cache'

function locationOf({ path, target }: Entry): Location {
  return { path, detail: target ?? '' }
}

/**
 * The links that Python is started by are judged with the interpreter: those of the usual names, and all that lead to it,
 * such as `bin/𝜋thon` of Python 3.14.
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
 * Where a path leads, from a directory of the environment on: a path in it (relative), or an absolute one as soon as it leads
 * out of it. Undefined where it leads to nothing, or round in a circle.
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
