/** Findings on relocation: what works at one path only, and whether that is where the image will be mounted. */
import { toDisplay } from 'squashfs-writer/paths'
import { type Finding, findingAt, type Spot, type Subject } from '../finding.js'
import { activateScripts } from '../formats/activate-script.js'
import { nameOf } from '../inventory/entry.js'
import type { Anchor } from '../relocation.js'

export function relocationFindings(subject: Subject): readonly Finding[] {
  if (subject.inventory.config === undefined) return []
  return subject.relocation.relocatable ? relocatable(subject) : fixed(subject)
}

function fixed({ inventory, relocation, circumstances }: Subject): readonly Finding[] {
  const { madeFor, anchors, isSamePlace } = relocation
  const { mountPoint } = circumstances
  const own = anchors.filter(({ environment }) => isSamePlace(environment, madeFor))
  const foreign = anchors.filter((anchor) => !own.includes(anchor))
  const spots = own.length > 0 ? own.map(({ path }) => ({ path })) : [{ path: 'pyvenv.cfg' }]
  const home = toDisplay(madeFor)
  const elsewhere = isSamePlace(madeFor, inventory.path)
    ? ''
    : `, though it lies at ${toDisplay(inventory.path)} now`
  return [
    ...findingAt(mountPoint === undefined ? spots : [], {
      code: 'NOT_RELOCATABLE',
      severity: 'warning',
      message: `the environment is not relocatable: it was made for ${home}${elsewhere}`,
      effect:
        'Mounted at any other path its scripts do not start, and activating it leads to the wrong place.',
      remedy: `Mount the image at ${home} and say so with --mount-point, or make the environment with uv venv --relocatable.`,
    }),
    ...findingAt(mountPoint !== undefined && !isSamePlace(mountPoint, madeFor) ? spots : [], {
      code: 'MOUNT_POINT',
      severity: 'error',
      message: `the environment is not relocatable: it was made for ${home}, not for ${toDisplay(mountPoint ?? '')}`,
      effect: 'Mounted there its scripts do not start, and activating it leads to the wrong place.',
      remedy: `Mount the image at ${home}, or make the environment with uv venv --relocatable.`,
    }),
    ...findingAt(foreign.map(spotOf), {
      code: 'SCRIPT_FOR_ANOTHER_PLACE',
      severity: 'warning',
      message: `scripts name another environment than ${home}`,
      effect: 'They do not start where that other environment is missing, and run it where it is not.',
      remedy: 'Install the packages that they belong to again, or remove them.',
    }),
  ]
}

function relocatable({ relocation, circumstances }: Subject): readonly Finding[] {
  const { mountPoint } = circumstances
  const bound = relocation.anchors.filter(
    ({ environment }) => mountPoint === undefined || !relocation.isSamePlace(environment, mountPoint),
  )
  const isForUsualShells = ({ kind, path }: Anchor) => kind === 'activate' && nameOf(path) === 'activate'
  const isForOtherShells = ({ kind, path }: Anchor) => kind === 'activate' && nameOf(path) !== 'activate'
  const scripts = bound.filter((anchor) => !isForOtherShells(anchor))
  const shells = bound.filter(isForOtherShells).map(({ path }) => activateScripts[nameOf(path)])
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
    ...findingAt(bound.filter(isForOtherShells).map(spotOf), {
      code: 'ACTIVATE_NOT_RELOCATABLE',
      severity: 'note',
      message: `activate scripts for ${shells.join(', ')} name one path`,
      effect: 'Users of these shells activate that path, not the mounted image.',
      remedy: 'Activate it in bash or zsh, or call bin/python by its path: both find out where they are.',
    }),
  ]
}

function spotOf({ path, environment }: Anchor): Spot {
  return { path, detail: environment }
}
