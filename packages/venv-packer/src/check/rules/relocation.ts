/** Findings about relocation: files that work at one path only, and whether the image will be mounted there. */
import { toDisplay } from 'squashfs-writer/paths'
import { ACTIVATE_SCRIPTS } from '../../environment/scripts.js'
import { nameOf } from '../entry.js'
import { type CheckContext, type Finding, findingAt, type Location } from '../finding.js'
import type { PathReference } from '../relocation.js'

export function relocationFindings(context: CheckContext): readonly Finding[] {
  const { config, conda } = context.inventory
  if (config === undefined && !conda) return []
  return context.relocation.relocatable ? relocatable(context) : fixed(context)
}

function fixed({ inventory, relocation, use }: CheckContext): readonly Finding[] {
  const { madeFor, references, isSamePlace } = relocation
  const { mountPoint } = use
  const own = references.filter(({ environment }) => isSamePlace(environment, madeFor))
  const foreign = references.filter((reference) => !own.includes(reference))
  const { conda } = inventory
  const locations =
    own.length > 0 ? own.map(({ path }) => ({ path })) : [{ path: conda ? 'conda-meta' : 'pyvenv.cfg' }]
  const home = toDisplay(madeFor)
  const elsewhere = isSamePlace(madeFor, inventory.path)
    ? ''
    : `, though it lies at ${toDisplay(inventory.path)} now`
  const what = conda
    ? 'the environment was made by conda, and its files contain its path'
    : 'the environment is not relocatable'
  const effect = conda
    ? 'Mounted at any other path its scripts do not start, and programs search for their files in the wrong directory.'
    : 'Mounted at any other path its scripts do not start, and activating it sets the wrong path.'
  const otherwise = conda ? '' : ', or make the environment with uv venv --relocatable'
  return [
    ...findingAt(mountPoint === undefined ? locations : [], {
      code: 'NOT_RELOCATABLE',
      severity: 'warning',
      message: `${what}: it was made for ${home}${elsewhere}`,
      effect,
      remedy: `Mount the image at ${home} and say so with --mount-point${otherwise}.`,
    }),
    ...findingAt(mountPoint !== undefined && !isSamePlace(mountPoint, madeFor) ? locations : [], {
      code: 'MOUNT_POINT',
      severity: 'error',
      message: `${what}: it was made for ${home}, not for ${toDisplay(mountPoint ?? '')}`,
      effect: effect.replace('at any other path', 'there'),
      remedy: `Mount the image at ${home}${otherwise}.`,
    }),
    ...forAnotherPlace(foreign, `another environment than ${home}`),
  ]
}

function relocatable({ inventory, relocation, use }: CheckContext): readonly Finding[] {
  const { mountPoint } = use
  const { references, isSamePlace } = relocation
  const isActivate = ({ kind }: PathReference) => kind === 'activate'
  const activated = references.filter(isActivate).map(({ environment }) => environment)
  const ownPlaces = [
    inventory.path,
    inventory.realPath,
    ...activated,
    ...(mountPoint === undefined ? [] : [mountPoint]),
  ]
  const isOwn = ({ environment }: PathReference) => ownPlaces.some((place) => isSamePlace(place, environment))
  const bound = references.filter(
    (reference) =>
      isOwn(reference) && (mountPoint === undefined || !isSamePlace(reference.environment, mountPoint)),
  )
  const isForUsualShells = (reference: PathReference) =>
    isActivate(reference) && nameOf(reference.path) === 'activate'
  const isForOtherShells = (reference: PathReference) =>
    isActivate(reference) && nameOf(reference.path) !== 'activate'
  const isKernel = ({ kind }: PathReference) => kind === 'kernel'
  const scripts = bound.filter((reference) => !isForOtherShells(reference) && !isKernel(reference))
  const shells = bound.filter(isForOtherShells).map(({ path }) => ACTIVATE_SCRIPTS[nameOf(path)])
  return [
    ...findingAt(scripts.map(locationOf), {
      code: 'SCRIPT_NOT_RELOCATABLE',
      severity: 'warning',
      message: scripts.some(isForUsualShells)
        ? 'the environment is relocatable, but its activate script and other scripts contain an absolute path'
        : 'the environment is relocatable, but some of its scripts contain an absolute path',
      effect: 'They do not start if the image is mounted at another path.',
      remedy: 'Install their packages with uv pip install: pip writes the absolute path into scripts.',
    }),
    ...findingAt(bound.filter(isKernel).map(locationOf), {
      code: 'KERNEL_NOT_RELOCATABLE',
      severity: 'warning',
      message: 'the environment is relocatable, but its Jupyter kernels start Python by an absolute path',
      effect: 'They do not start if the image is mounted at another path.',
      remedy: KERNEL_REMEDY,
    }),
    ...forAnotherPlace(
      references.filter((reference) => !isOwn(reference)),
      'another environment than this one',
    ),
    ...findingAt(bound.filter(isForOtherShells).map(locationOf), {
      code: 'ACTIVATE_NOT_RELOCATABLE',
      severity: 'note',
      message: `activate scripts for ${shells.join(', ')} contain an absolute path`,
      effect: 'Users of these shells activate that path, not the mounted image.',
      remedy:
        'Activate it in bash or zsh, or run bin/python by its path. Both find the mount point at run time.',
    }),
  ]
}

/** Jupyter replaces a name without a directory by its own Python. */
const KERNEL_REMEDY = 'Set argv[0] in each kernel.json to "python", or remove the kernel spec.'

function forAnotherPlace(foreign: readonly PathReference[], whose: string): readonly Finding[] {
  const kernels = foreign.filter(({ kind }) => kind === 'kernel')
  const scripts = foreign.filter(({ kind }) => kind !== 'kernel')
  const remedies = [
    ...(scripts.length > 0 ? ['Install their packages again, or remove them.'] : []),
    ...(kernels.length > 0 ? [KERNEL_REMEDY] : []),
  ]
  return findingAt(foreign.map(locationOf), {
    code: 'SCRIPT_FOR_ANOTHER_PLACE',
    severity: 'warning',
    message: `${scripts.length > 0 ? 'scripts' : 'Jupyter kernels'} name ${whose}`,
    effect: 'They do not start if that environment is missing, and otherwise run in it.',
    remedy: remedies.join(' '),
  })
}

function locationOf({ path, environment }: PathReference): Location {
  return { path, detail: environment }
}
