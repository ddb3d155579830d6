/** Findings on shared libraries: directories that the loader is told to look in, and modules that this Python cannot load. */
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
  const isPassing = ({ directory }: Absolute) =>
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
        message: 'shared libraries look for others where the environment lies now (RPATH)',
        effect: 'Where the image is mounted anywhere else they are not found, and imports fail.',
        remedy:
          "Make the path relative (patchelf --set-rpath '$ORIGIN/…'), or mount the image at this place and say so with --mount-point.",
      },
    ),
    ...findingAt(
      locations((one) => isOutside(one) && isThere(one) && isPassing(one)),
      {
        code: 'LIBRARY_PATH_IN_HOME',
        severity: 'warning',
        message: 'shared libraries look for others in a home or temporary directory (RPATH)',
        effect:
          'Libraries that they find there are not in the image: imports fail where that directory is missing.',
        remedy:
          'Build the package against libraries that every node has, or install one that brings its own.',
      },
    ),
    ...findingAt(
      locations((one) => isOutside(one) && isThere(one) && !isPassing(one)),
      {
        code: 'LIBRARY_PATH_OUTSIDE',
        severity: 'note',
        message: 'shared libraries look for others outside of the environment (RPATH)',
        effect: 'Libraries that they find there are not in the image, and must exist on the node.',
        remedy:
          'Nothing is to be done where the nodes are like this one; start the same user environment, if it is one.',
      },
    ),
    ...findingAt(
      locations((one) => isOutside(one) && !isThere(one)),
      {
        code: 'LIBRARY_PATH_MISSING',
        severity: 'note',
        message: 'shared libraries name directories that do not exist (RPATH)',
        effect:
          'Mostly these are left from where the package was built; the loader looks there in vain, and goes on.',
        remedy: 'Nothing is to be done if the package can be imported here.',
      },
    ),
  ]
}

/** Whether a library finds something in a directory of the environment that it finds nowhere else. */
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

/** Compiled modules that are for other Pythons or machines only, by their names. */
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
      remedy: 'Install the packages that they belong to again, with the Python of this environment.',
    },
  )
}
