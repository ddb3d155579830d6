/** Findings on relocation: files that work at one path only, and whether the image will be mounted there. */
import { toDisplay } from 'squashfs-writer/paths'
import { ACTIVATE_SCRIPTS } from '../../environment/scripts.js'
import { nameOf } from '../entry.js'
import { type CheckContext, type Finding, findingAt, type Spot } from '../finding.js'
import type { Anchor } from '../relocation.js'

export function relocationFindings(context: CheckContext): readonly Finding[] {
  const { config, conda } = context.inventory
  if (config === undefined && !conda) return []
  return context.relocation.relocatable ? relocatable(context) : fixed(context)
}

function fixed({ inventory, relocation, use }: CheckContext): readonly Finding[] {
  const { madeFor, anchors, isSamePlace } = relocation
  const { mountPoint } = use
  const own = anchors.filter(({ environment }) => isSamePlace(environment, madeFor))
  const foreign = anchors.filter((anchor) => !own.includes(anchor))
  const { conda } = inventory
  const spots =
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
    ...findingAt(mountPoint === undefined ? spots : [], {
      code: 'NOT_RELOCATABLE',
      severity: 'warning',
      message: `${what}: it was made for ${home}${elsewhere}`,
      effect,
      remedy: `Mount the image at ${home} and say so with --mount-point${otherwise}.`,
    }),
    ...findingAt(mountPoint !== undefined && !isSamePlace(mountPoint, madeFor) ? spots : [], {
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
  const { anchors, isSamePlace } = relocation
  const isActivate = ({ kind }: Anchor) => kind === 'activate'
  const activated = anchors.filter(isActivate).map(({ environment }) => environment)
  const ownPlaces = [
    inventory.path,
    inventory.realPath,
    ...activated,
    ...(mountPoint === undefined ? [] : [mountPoint]),
  ]
  const isOwn = ({ environment }: Anchor) => ownPlaces.some((place) => isSamePlace(place, environment))
  const bound = anchors.filter(
    (anchor) => isOwn(anchor) && (mountPoint === undefined || !isSamePlace(anchor.environment, mountPoint)),
  )
  const isForUsualShells = (anchor: Anchor) => isActivate(anchor) && nameOf(anchor.path) === 'activate'
  const isForOtherShells = (anchor: Anchor) => isActivate(anchor) && nameOf(anchor.path) !== 'activate'
  const isKernel = ({ kind }: Anchor) => kind === 'kernel'
  const scripts = bound.filter((anchor) => !isForOtherShells(anchor) && !isKernel(anchor))
  const shells = bound.filter(isForOtherShells).map(({ path }) => ACTIVATE_SCRIPTS[nameOf(path)])
  return [
    ...findingAt(scripts.map(spotOf), {
      code: 'SCRIPT_NOT_RELOCATABLE',
      severity: 'warning',
      message: scripts.some(isForUsualShells)
        ? 'the environment is relocatable, but its activate script and others name one path'
        : 'the environment is relocatable, but scripts in it name one path',
      effect: 'They do not start where the image is mounted anywhere else.',
      remedy:
        'Install the packages that they belong to with uv pip install: pip writes the path into the scripts.',
    }),
    ...findingAt(bound.filter(isKernel).map(spotOf), {
      code: 'KERNEL_NOT_RELOCATABLE',
      severity: 'warning',
      message: 'the environment is relocatable, but Jupyter kernels in it start Python by its path',
      effect: 'They do not start where the image is mounted anywhere else.',
      remedy: KERNEL_REMEDY,
    }),
    ...forAnotherPlace(
      anchors.filter((anchor) => !isOwn(anchor)),
      'another environment than this one',
    ),
    ...findingAt(bound.filter(isForOtherShells).map(spotOf), {
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

function forAnotherPlace(foreign: readonly Anchor[], whose: string): readonly Finding[] {
  const kernels = foreign.filter(({ kind }) => kind === 'kernel')
  const scripts = foreign.filter(({ kind }) => kind !== 'kernel')
  const remedies = [
    ...(scripts.length > 0 ? ['Install the packages that they belong to again, or remove them.'] : []),
    ...(kernels.length > 0 ? [KERNEL_REMEDY] : []),
  ]
  return findingAt(foreign.map(spotOf), {
    code: 'SCRIPT_FOR_ANOTHER_PLACE',
    severity: 'warning',
    message: `${scripts.length > 0 ? 'scripts' : 'Jupyter kernels'} name ${whose}`,
    effect: 'They do not start where that other environment is missing, and run it where it is not.',
    remedy: remedies.join(' '),
  })
}

function spotOf({ path, environment }: Anchor): Spot {
  return { path, detail: environment }
}
