/** Findings about shared libraries: their library paths (RPATH), and compiled modules that this Python cannot load. */
import { posix } from 'node:path'
import type { ByteString } from 'squashfs-writer/paths'
import { below, type Content, directoryOf, nameOf } from '../entry.js'
import { type CheckContext, type Finding, findingAt, type Location } from '../finding.js'
import type { ElfFile } from '../formats/elf.js'
import { localityOf } from '../outside.js'
import { pathTargetOf } from '../relocation.js'

export function sharedLibraryFindings(context: CheckContext): readonly Finding[] {
  const libraries = context.inventory.entries.flatMap((entry) =>
    libraryOf(entry.path, context.inventory.contentOf(entry)),
  )
  return [...libraryPaths(libraries, context), ...unusableModules(context)]
}

interface Library {
  readonly path: ByteString
  readonly elf: ElfFile
}

function libraryOf(path: ByteString, content: Content | null): readonly Library[] {
  return content?.kind === 'elf' ? [{ path, elf: content.elf }] : []
}

function libraryPaths(libraries: readonly Library[], context: CheckContext): readonly Finding[] {
  const { outside } = context.use
  const absolute = libraries.flatMap((library) =>
    library.elf.libraryPath
      .filter((directory) => directory.startsWith('/'))
      .map((directory) => ({
        library,
        directory: posix.normalize(directory),
        target: pathTargetOf(posix.normalize(directory), context),
      })),
  )
  type Absolute = (typeof absolute)[number]
  const locations = (wanted: (one: Absolute) => boolean): readonly Location[] =>
    absolute.filter(wanted).map(({ library, directory }) => ({ path: library.path, detail: directory }))
  const isOutside = ({ target }: Absolute) => target.kind === 'outside'
  const isThere = ({ directory }: Absolute) => outside.exists(directory)
  const isOnThisNode = ({ directory }: Absolute) =>
    ['home', 'temporary'].includes(localityOf(directory, context.use.homes))
  return [
    ...findingAt(
      locations(
        ({ library, target }) =>
          target.kind === 'left behind' && needsDirectory(library, target.inner ?? '', context),
      ),
      {
        code: 'LIBRARY_PATH_TO_THIS_PLACE',
        severity: 'warning',
        message: 'shared libraries search for others at the current path of the environment (RPATH)',
        effect: 'If the image is mounted at another path they are not found, and imports fail.',
        remedy:
          "Make the path relative (patchelf --set-rpath '$ORIGIN/…'), or mount the image at this place and say so with --mount-point.",
      },
    ),
    ...findingAt(
      locations((one) => isOutside(one) && isThere(one) && isOnThisNode(one)),
      {
        code: 'LIBRARY_PATH_IN_HOME',
        severity: 'warning',
        message: 'shared libraries search for others in a home or temporary directory (RPATH)',
        effect:
          'Libraries in these directories are not in the image: imports fail where the directory is missing.',
        remedy:
          'Build the package with libraries that every node has, or install one that includes its libraries.',
      },
    ),
    ...findingAt(
      locations((one) => isOutside(one) && isThere(one) && !isOnThisNode(one)),
      {
        code: 'LIBRARY_PATH_OUTSIDE',
        severity: 'note',
        message: 'shared libraries search for others outside of the environment (RPATH)',
        effect: 'Libraries in these directories are not in the image, and must exist on the node.',
        remedy:
          'Nothing to do if the nodes are like this one. If the directories are in a user environment, start the same one.',
      },
    ),
    ...findingAt(
      locations((one) => isOutside(one) && !isThere(one)),
      {
        code: 'LIBRARY_PATH_MISSING',
        severity: 'note',
        message: 'shared libraries name directories that do not exist (RPATH)',
        effect: 'These are mostly directories of the build machine. The loader ignores missing directories.',
        remedy: 'Nothing to do if the package can be imported here.',
      },
    ),
  ]
}

/** Whether a library finds a needed library in a directory of the environment, and in no relative directory. */
function needsDirectory({ path, elf }: Library, directory: ByteString, { inventory }: CheckContext): boolean {
  const ownDirectory = `/${directoryOf(path)}`
  const relative = elf.libraryPath.flatMap((text) => {
    const match = /^\$(?:ORIGIN|\{ORIGIN\})(.*)$/.exec(text)
    return match ? [posix.join(ownDirectory, match[1] ?? '').slice(1)] : []
  })
  const lies = (name: ByteString, inDirectory: ByteString) =>
    inventory.at.has(below(inDirectory.replace(/\/$/, ''), name))
  return elf.needed.some((name) => lies(name, directory) && !relative.some((other) => lies(name, other)))
}

/** `_multiarray_umath.cpython-312-x86_64-linux-gnu.so` */
const MODULE_NAME = /^(.+)\.cpython-(\d+)t?-([a-z0-9_]+)-linux-[a-z]+\.so$/

/** Modules that are compiled only for other Pythons or machines, by their names. */
function unusableModules({ inventory }: CheckContext): readonly Finding[] {
  const { python, machine } = inventory
  const modules = inventory.entries.flatMap(({ path, type }) => {
    const match = type === 'file' ? MODULE_NAME.exec(nameOf(path)) : null
    if (!match) return []
    const [, stem = '', digits, forMachine] = match
    const isUsable = `cpython-${digits}` === python?.tag && (machine === undefined || forMachine === machine)
    return [{ path, module: below(directoryOf(path), stem), isUsable }]
  })
  const usable = new Set(modules.filter(({ isUsable }) => isUsable).map(({ module }) => module))
  const unusable = python === undefined ? [] : modules.filter(({ module }) => !usable.has(module))
  return findingAt(
    unusable.map(({ path }) => ({ path })),
    {
      code: 'MODULE_FOR_ANOTHER_PYTHON',
      severity: 'warning',
      message: `compiled modules are not for Python ${python?.version}${machine === undefined ? '' : ` on ${machine}`}`,
      effect: 'They cannot be imported.',
      remedy: 'Install their packages again, with the Python of this environment.',
    },
  )
}
