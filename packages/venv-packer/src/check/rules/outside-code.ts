/** Findings about code that is not in the environment: editable installs, and directories that `.pth` files add. */
import { posix } from 'node:path'
import type { ByteString } from 'squashfs-writer/paths'
import { type Content, directoryOf, type Entry } from '../entry.js'
import { type CheckContext, type Finding, findingAt } from '../finding.js'
import { editableDirectory, pathsInPth } from '../formats/text-files.js'
import { isBelow } from '../outside.js'
import { pathTargetOf } from '../relocation.js'

/** An entry of site-packages that makes Python search for code in another directory. */
interface CodeReference {
  readonly path: ByteString
  /** Absolute. */
  readonly directory: ByteString
}

export function outsideCodeFindings(context: CheckContext): readonly Finding[] {
  const { inventory, use } = context
  const site = `${inventory.python?.path}/site-packages`
  const inSite = inventory.entries.filter(({ path }) => isBelow(path, site))
  const editable = inSite.flatMap((entry) => editableInstall(entry, inventory.contentOf(entry), site))
  const added = inSite
    .flatMap((entry) => addedDirectories(entry, inventory.contentOf(entry), site, inventory.realPath))
    .filter(({ directory }) => !editable.some((install) => isBelow(directory, install.directory)))
  const placeOf = ({ directory }: CodeReference) => placeOfCode(directory, context)
  const isAway = (pointer: CodeReference) => placeOf(pointer) === 'outside'
  const locationOf = ({ path, directory }: CodeReference) => ({
    path,
    detail: use.outside.exists(directory) ? directory : `${directory} (does not exist)`,
  })
  return [
    ...findingAt(editable.filter(isAway).map(locationOf), {
      code: 'EDITABLE_INSTALL',
      severity: 'warning',
      message: 'packages are installed as editable: their code lies in another directory',
      effect:
        'Their code is not in the image. Imports fail if that directory is missing, or load what it contains by then.',
      remedy:
        inventory.config?.uv === undefined
          ? 'Install them without -e (--editable) before packing.'
          : 'Before packing run uv sync --no-editable in the project, or install them without -e (--editable).',
    }),
    ...findingAt([...editable, ...added].filter((pointer) => placeOf(pointer) === 'bound').map(locationOf), {
      code: 'CODE_PATH_TO_THIS_PLACE',
      severity: 'warning',
      message: 'code in the environment is found by an absolute path (editable installs, .pth files)',
      effect: 'The code is in the image, but imports fail if the image is mounted at another path.',
      remedy:
        'Install it without -e (--editable), make the paths relative, or mount the image at this place and say so with --mount-point.',
    }),
    ...findingAt(added.filter(isAway).map(locationOf), {
      code: 'PTH_OUTSIDE',
      severity: 'warning',
      message: '.pth files add directories outside of the environment to the module search path',
      effect: 'Modules in these directories are not in the image.',
      remedy: 'Install what is needed from there into the environment, and remove the .pth file.',
    }),
  ]
}

/**
 * Classifies code that is found by an absolute path: `inside` the image wherever it is mounted; `bound`: inside the image, but found
 * at one path only; or `outside` of it.
 */
function placeOfCode(directory: ByteString, context: CheckContext): 'inside' | 'bound' | 'outside' {
  const { kind, inner } = pathTargetOf(directory, context)
  if (kind === 'inside' || inner === null) return kind === 'inside' ? 'inside' : 'outside'
  return context.inventory.at.has(inner) ? 'bound' : 'outside'
}

/** An editable install, by `direct_url.json` in a `dist-info`, or by the `.egg-link` of older tools. */
function editableInstall(
  { path }: Entry,
  content: Content | null,
  site: ByteString,
): readonly CodeReference[] {
  if (content?.kind !== 'text') return []
  if (path.endsWith('.egg-link') && directoryOf(path) === site) {
    const [directory = ''] = content.text.split('\n')
    return directory.startsWith('/') ? [{ path, directory: directory.trimEnd() }] : []
  }
  if (!path.endsWith('.dist-info/direct_url.json')) return []
  const directory = editableDirectory(content.text)
  return directory === null ? [] : [{ path: directoryOf(path), directory }]
}

/** The directories that a `.pth` file adds. Relative paths that stay in the environment are left out, since they work anywhere. */
function addedDirectories(
  { path }: Entry,
  content: Content | null,
  site: ByteString,
  root: ByteString,
): readonly CodeReference[] {
  if (content?.kind !== 'text' || !path.endsWith('.pth') || directoryOf(path) !== site) return []
  return pathsInPth(content.text).flatMap((text) => {
    const directory = posix.resolve(root, site, text)
    return !text.startsWith('/') && isBelow(directory, root) ? [] : [{ path, directory }]
  })
}
