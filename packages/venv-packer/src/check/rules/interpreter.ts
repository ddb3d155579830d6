/** Findings about the interpreter: an image contains the packages, but rarely the Python that runs them. */
import { type ByteString, toByteString, toDisplay } from 'squashfs-writer/paths'
import { type CheckContext, type Finding, findingAt, type Location } from '../finding.js'
import { isBelow, type Locality, localityOf, UENV_MOUNT } from '../outside.js'

export function interpreterFindings(context: CheckContext): readonly Finding[] {
  if (context.inventory.config === undefined) return []
  return [...locationFindings(context), ...versionFindings(context), ...systemPackageFindings(context)]
}

function locationFindings({ inventory, use }: CheckContext): readonly Finding[] {
  const { interpreter, config, path, realPath } = inventory
  if (interpreter === undefined || inventory.isExcluded(interpreter.path)) return missing()
  const { links, exists, executable } = interpreter
  const outside = links.filter((link) => !isBelow(link, realPath) && !isBelow(link, path))
  // An interpreter that was copied into the environment uses the standard library of the original.
  const home = toByteString(config?.home ?? '')
  const leadsTo = outside.length > 0 ? outside : home === '' ? [] : [home]
  const isThere = outside.length > 0 ? exists : exists && use.outside.exists(home)
  const location = { path: interpreter.path, detail: leadsTo.join(' -> ') }
  const real = leadsTo.map(use.outside.realPath)
  const locality = localityOfAll([...leadsTo, ...real], use.homes)
  if (locality !== 'uenv' && !isThere) return notFound(location)
  if (isThere && !executable) return notExecutable(location)
  if (leadsTo.length === 0) return []
  return leadsOutside(locality, isThere, location, [...leadsTo, ...real])
}

function localityOfAll(paths: readonly ByteString[], homes: readonly ByteString[]): Locality {
  const found = new Set(paths.map((path) => localityOf(path, homes)))
  return (['uenv', 'temporary', 'home'] as const).find((locality) => found.has(locality)) ?? 'shared'
}

function missing(): readonly Finding[] {
  return findingAt([{ path: 'bin/python' }], {
    code: 'INTERPRETER_MISSING',
    severity: 'error',
    message: 'the environment has no interpreter: there is no bin/python',
    effect: 'Nothing in it can run.',
    remedy: 'Make it again, with uv venv --relocatable or python -m venv.',
  })
}

function notFound(location: Location): readonly Finding[] {
  return findingAt([location], {
    code: 'INTERPRETER_NOT_FOUND',
    severity: 'error',
    message: 'the interpreter leads to a Python that does not exist here',
    effect: 'Nothing in the environment can run, unless that Python exists on the node.',
    remedy: 'Install that Python again, or make the environment with one that exists.',
  })
}

function notExecutable(location: Location): readonly Finding[] {
  return findingAt([location], {
    code: 'INTERPRETER_NOT_EXECUTABLE',
    severity: 'error',
    message: 'you may not run the interpreter',
    effect: 'Nothing in the environment can run.',
    remedy: 'Ask its owner to make it executable, or make the environment with another Python.',
  })
}

function leadsOutside(
  locality: Locality,
  isThere: boolean,
  location: Location,
  paths: readonly ByteString[],
): readonly Finding[] {
  switch (locality) {
    case 'uenv':
      return findingAt([location], {
        code: 'INTERPRETER_IN_UENV',
        severity: 'note',
        message: `the interpreter lies in a user environment${isThere ? '' : ', which is not started here'}`,
        effect: `It exists only where that same user environment is mounted at ${UENV_MOUNT}.`,
        remedy: 'Start that user environment together with the image, with a view that has this Python.',
      })
    case 'temporary':
      return findingAt([location], {
        code: 'INTERPRETER_IN_TEMPORARY_DIRECTORY',
        severity: 'warning',
        message: 'the interpreter lies in a temporary directory of this node',
        effect: 'On other nodes, and after a restart, nothing in the environment can run.',
        remedy:
          'Make the environment with a Python that is installed on a shared file system or on every node.',
      })
    case 'home':
      return findingAt([location], {
        code: 'INTERPRETER_IN_HOME',
        severity: 'warning',
        message: isManagedByUv(paths)
          ? 'the interpreter lies in a home directory, where uv installs Python'
          : 'the interpreter lies in a home directory',
        effect:
          'The environment works only where that home directory is mounted, and for users who may read it.',
        remedy: isManagedByUv(paths)
          ? 'Have uv install it in a shared directory (UV_PYTHON_INSTALL_DIR), or make the environment with an installed Python: uv venv --python /usr/bin/python3.'
          : 'Make the environment with a Python that every node and user has: uv venv --relocatable --python /usr/bin/python3.',
      })
    case 'shared':
      return findingAt([location], {
        code: 'INTERPRETER_OUTSIDE',
        severity: 'note',
        message: 'the interpreter is not part of the environment',
        effect: 'The environment works on nodes that have the same Python at this path.',
        remedy: 'Nothing to do if the nodes are like this one.',
      })
  }
}

/** `~/.local/share/uv/python/cpython-3.12.4-linux-x86_64-gnu/bin/python3.12` */
function isManagedByUv(paths: readonly ByteString[]): boolean {
  return paths.some((path) => /\/uv\/python\/[^/]+\/bin\//.test(path))
}

function versionFindings({ inventory }: CheckContext): readonly Finding[] {
  const { python, interpreter, config, otherPythons } = inventory
  const named = interpreter?.links.map((link) => /\/python(\d+\.\d+)t?$/.exec(link)?.[1]).findLast(Boolean)
  const version = named ?? config?.version?.split('.').slice(0, 2).join('.')
  const directories = [...(python ? [python] : []), ...otherPythons]
  if (version === undefined || directories.some((directory) => directory.version === version)) return []
  const locations = directories.length > 0 ? directories.map(({ path }) => ({ path })) : [{ path: 'lib' }]
  return findingAt(locations, {
    code: 'PYTHON_VERSION',
    severity: directories.length > 0 ? 'error' : 'warning',
    message: `the interpreter is Python ${version}, but there is no lib/python${version}`,
    effect: `Python ${version} looks for its packages there, and finds none.`,
    remedy: `Make the environment again with Python ${version}, and install the packages again.`,
  })
}

function systemPackageFindings({ inventory }: CheckContext): readonly Finding[] {
  const { config, interpreter } = inventory
  if (!config?.systemSitePackages) return []
  const inUenv = interpreter?.links.some((link) => isBelow(link, UENV_MOUNT)) ?? false
  return findingAt([{ path: 'pyvenv.cfg', detail: 'include-system-site-packages = true' }], {
    code: 'SYSTEM_SITE_PACKAGES',
    severity: inUenv ? 'note' : 'warning',
    message: inUenv
      ? 'the environment also uses the packages of the user environment'
      : `the environment also uses the packages of ${toDisplay(toByteString(config.home ?? 'its interpreter'))}`,
    effect: 'They are not in the image, and a node may have other ones or none.',
    remedy: inUenv
      ? 'Start the same user environment together with the image.'
      : 'Make sure that the nodes have the same packages, or install what is needed into the environment.',
  })
}
