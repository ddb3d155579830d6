/** Findings on relocation: files that work at one path only, and whether the image will be mounted there. */
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
    ? 'the environment is of conda, whose files name their prefix'
    : 'the environment is not relocatable'
  const effect = conda
    ? 'Mounted at any other path its scripts do not start, and programs look for their parts in the wrong place.'
    : 'Mounted at any other path its scripts do not start, and activating it leads to the wrong place.'
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
        ? 'the environment is relocatable, but its activate script and others name one path'
        : 'the environment is relocatable, but scripts in it name one path',
      effect: 'They do not start where the image is mounted anywhere else.',
      remedy:
        'Install the packages that they belong to with uv pip install: pip writes the path into the scripts.',
    }),
    ...findingAt(bound.filter(isKernel).map(locationOf), {
      code: 'KERNEL_NOT_RELOCATABLE',
      severity: 'warning',
      message: 'the environment is relocatable, but Jupyter kernels in it start Python by its path',
      effect: 'They do not start where the image is mounted anywhere else.',
      remedy: KERNEL_REMEDY,
    }),
    ...forAnotherPlace(
      references.filter((reference) => !isOwn(reference)),
      'another environment than this one',
    ),
    ...findingAt(bound.filter(isForOtherShells).map(locationOf), {
      code: 'ACTIVATE_NOT_RELOCATABLE',
      severity: 'note',
      message: `activate scripts for ${shells.join(', ')} name one path`,
      effect: 'Users of these shells activate that path, not the mounted image.',
      remedy: 'Activate it in bash or zsh, or call bin/python by its path: both find out where they are.',
    }),
  ]
}

/** Jupyter puts its own Python in the place of a bare name. */
const KERNEL_REMEDY = 'Set argv[0] in each kernel.json to "python", or remove the kernel spec.'

function forAnotherPlace(foreign: readonly PathReference[], whose: string): readonly Finding[] {
  const kernels = foreign.filter(({ kind }) => kind === 'kernel')
  const scripts = foreign.filter(({ kind }) => kind !== 'kernel')
  const remedies = [
    ...(scripts.length > 0 ? ['Install the packages that they belong to again, or remove them.'] : []),
    ...(kernels.length > 0 ? [KERNEL_REMEDY] : []),
  ]
  return findingAt(foreign.map(locationOf), {
    code: 'SCRIPT_FOR_ANOTHER_PLACE',
    severity: 'warning',
    message: `${scripts.length > 0 ? 'scripts' : 'Jupyter kernels'} name ${whose}`,
    effect: 'They do not start where that other environment is missing, and run it where it is not.',
    remedy: remedies.join(' '),
  })
}

function locationOf({ path, environment }: PathReference): Location {
  return { path, detail: environment }
}
