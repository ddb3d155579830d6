/** Findings on code that is not in the environment: editable installs, and the folders that `.pth` files add. */
import { posix } from 'node:path'
import type { ByteString } from 'squashfs-writer/paths'
import { type Entry, folderOf } from '../entry.js'
import { type Finding, findingAt, type Subject } from '../finding.js'
import { editableFolder } from '../formats/json-files.js'
import { pathsInPth } from '../formats/text-files.js'
import { isBelow } from '../outside.js'
import { pathTargetOf } from '../relocation.js'

/** Something in site-packages that has Python look for code in another folder. */
interface Pointer {
  readonly path: ByteString
  /** Absolute. */
  readonly folder: ByteString
}

export function outsideCodeFindings(subject: Subject): readonly Finding[] {
  const { inventory, circumstances } = subject
  const site = `${inventory.python?.path}/site-packages`
  const inSite = inventory.entries.filter(({ path }) => isBelow(path, site))
  const editable = inSite.flatMap((entry) => editableInstall(entry, site))
  const added = inSite
    .flatMap((entry) => addedFolders(entry, site, inventory.realPath))
    .filter(({ folder }) => !editable.some((install) => isBelow(folder, install.folder)))
  const placeOf = ({ folder }: Pointer) => placeOfCode(folder, subject)
  const isAway = (pointer: Pointer) => placeOf(pointer) === 'outside'
  const spotOf = ({ path, folder }: Pointer) => ({
    path,
    detail: circumstances.outside.exists(folder) ? folder : `${folder} (does not exist)`,
  })
  return [
    ...findingAt(editable.filter(isAway).map(spotOf), {
      code: 'EDITABLE_INSTALL',
      severity: 'warning',
      message: 'packages are installed as editable: their code lies in another folder',
      effect:
        'Their code is not in the image: imports fail where that folder is missing, or take what is there then.',
      remedy:
        inventory.config?.uv === undefined
          ? 'Install them without -e (--editable) before packing.'
          : 'Before packing run uv sync --no-editable in the project, or install them without -e (--editable).',
    }),
    ...findingAt([...editable, ...added].filter((pointer) => placeOf(pointer) === 'bound').map(spotOf), {
      code: 'CODE_PATH_TO_THIS_PLACE',
      severity: 'warning',
      message: 'code in the environment is found by an absolute path (editable installs, .pth files)',
      effect: 'It is in the image; where that is mounted anywhere else, imports of it fail.',
      remedy:
        'Install it without -e (--editable), make the paths relative, or mount the image at this place and say so with --mount-point.',
    }),
    ...findingAt(added.filter(isAway).map(spotOf), {
      code: 'PTH_OUTSIDE',
      severity: 'warning',
      message: '.pth files add folders outside of the environment to the module search path',
      effect: 'What is imported from there is not in the image.',
      remedy: 'Install what is needed from there into the environment, and remove the .pth file.',
    }),
  ]
}

/**
 * Where code lies that is found by an absolute path: in the image, also where that will be mounted; in the image, but found
 * at one path only; or outside.
 */
function placeOfCode(folder: ByteString, subject: Subject): 'inside' | 'bound' | 'outside' {
  const { kind, inner } = pathTargetOf(folder, subject)
  if (kind === 'inside' || inner === null) return kind === 'inside' ? 'inside' : 'outside'
  return subject.inventory.at.has(inner) ? 'bound' : 'outside'
}

/** By `direct_url.json` of its `dist-info`, or by the `.egg-link` of older tools. */
function editableInstall({ path, content }: Entry, site: ByteString): readonly Pointer[] {
  if (content?.kind !== 'text') return []
  if (path.endsWith('.egg-link') && folderOf(path) === site) {
    const [folder = ''] = content.text.split('\n')
    return folder.startsWith('/') ? [{ path, folder: folder.trimEnd() }] : []
  }
  if (!path.endsWith('.dist-info/direct_url.json')) return []
  const folder = editableFolder(content.text)
  return folder === null ? [] : [{ path: folderOf(path), folder }]
}

/** Relative paths are from site-packages on; those that stay in the environment go where it goes. */
function addedFolders({ path, content }: Entry, site: ByteString, root: ByteString): readonly Pointer[] {
  if (content?.kind !== 'text' || !path.endsWith('.pth') || folderOf(path) !== site) return []
  return pathsInPth(content.text).flatMap((text) => {
    const folder = posix.resolve(root, site, text)
    return !text.startsWith('/') && isBelow(folder, root) ? [] : [{ path, folder }]
  })
}
