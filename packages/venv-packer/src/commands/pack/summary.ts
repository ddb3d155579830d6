/** Makes the summary for people: sizes before and after, omissions, and the command lines that mount the image. */
import { basename } from 'node:path'
import type { ImageResult } from 'squashfs-writer'
import type { Bytecode } from '../../bytecode/compiler.js'
import { ofSeverity } from '../../check/finding.js'
import { findingCounts } from '../../check/report.js'
import { bytes, count, counted, duration, percent } from '../../terminal/figures.js'
import { printable, shellWord } from '../../terminal/printable.js'
import { MOUNT_TOOLS, type MountAdvice, type MountTool } from './mount-advice.js'
import type { PackReport } from './request.js'

const MAX_WARNINGS_SHOWN = 10

export function summary(report: PackReport, mount: MountAdvice, mountPointExists: boolean): string {
  return [
    headline(report),
    '',
    ...maker(report),
    ...figures(report),
    ...largestPackages(report),
    ...checkResult(report),
    '',
    ...mounting(report, mount, mountPointExists),
    '',
  ].join('\n')
}

function headline({ environment, destination, seconds }: PackReport): string {
  const verb = destination.replaces ? 'replaced' : 'written'
  return `${printable(destination.typed)} ${verb} from ${printable(environment.typed)} in ${duration(seconds)}`
}

/** The tool with which `create` made the environment. */
function maker({ createdWith, environment }: PackReport): readonly string[] {
  if (createdWith === undefined) return []
  const { uv, version, home } = environment.config ?? {}
  const tool = createdWith === 'uv' && uv !== undefined ? `uv ${uv}` : createdWith
  return [row('made by', printable(`${tool}, of Python ${version ?? ''} in ${home ?? ''}`))]
}

function figures({ result, found, previous, destination, bytecode }: PackReport): readonly string[] {
  const kinds = [
    counted(found.files, 'file'),
    counted(found.directories, 'directory', 'directories'),
    counted(found.symlinks, 'symlink'),
    ...(found.devices + found.ipc > 0 ? [counted(found.devices + found.ipc, 'special file')] : []),
    ...(found.hardLinks > 0 ? [counted(found.hardLinks, 'further hard link')] : []),
  ]
  const lines = [
    row('in', `${counted(found.inodes, 'inode')}, ${bytes(found.bytesIn)} (${kinds.join(', ')})`),
    ...(bytecode === undefined ? [] : bytecodeRows(bytecode)),
    row('out', `1 inode, ${bytes(result.bytesOut)}, ${ratio(result.bytesIn, result.bytesOut)}`),
  ]
  const { duplicates } = result
  if (duplicates.files > 0) {
    lines.push(
      row(
        'duplicates',
        `${counted(duplicates.files, 'file')} stored once only, ${bytes(duplicates.bytes)} saved`,
      ),
    )
  }
  lines.push(...takenOver(result))
  lines.push(...previousImages(previous, destination.typed))
  const dropped = Object.entries(result.droppedXattrs).map(
    ([name, inodes]) => `${printable(name)} (${count(inodes)})`,
  )
  if (dropped.length > 0) lines.push(row('left out', `xattrs ${dropped.join(', ')}`))
  return [...lines, ...list('unreadable', result.omitted), ...list('warnings', result.warnings)]
}

/** The files and bytes that were taken from the base; empty if there was no base. */
function takenOver({ base }: ImageResult): readonly string[] {
  if (base === null) return []
  const { files, storedBytes, secondsInFull, problem } = base
  const unread = files === 0 ? '' : `${counted(files, 'file')} unread, `
  const full = secondsInFull === null || files === 0 ? '' : `; all of it took ${duration(secondsInFull)}`
  return [
    ...(storedBytes === 0
      ? []
      : [row('taken over', `${unread}${bytes(storedBytes)} from ${printable(basename(base.path))}${full}`)]),
    ...(problem === null
      ? []
      : [row(storedBytes === 0 ? 'taken over' : '', printable(problemText(problem)))]),
  ]
}

function problemText({ code, message }: NonNullable<NonNullable<ImageResult['base']>['problem']>): string {
  const nothing = ['NOT_USABLE', 'OTHER_SETTINGS', 'OTHER_ENCODER', 'UNCOMPRESSED'].includes(code)
  return nothing ? `nothing of the old image: ${message}` : message
}

function previousImages(previous: PackReport['previous'], typed: string): readonly string[] {
  if (previous === undefined) return []
  const { kept, removed, remaining } = previous
  const nameOf = (path: string): string => printable(basename(path))
  return [
    ...(kept === undefined
      ? []
      : [
          row(
            'kept',
            `the previous image as ${nameOf(kept)}; to go back: venv-packer rollback ${shellWord(typed)}`,
          ),
        ]),
    ...(removed.length === 0 ? [] : [row('removed', removed.map(nameOf).join(', '))]),
    ...list(
      'remaining',
      remaining.map(({ path, message }) => ({ path: basename(path), message })),
    ),
  ]
}

const MAX_PACKAGES_SHOWN = 3

/** The packages that take most of the image, in one line. */
function largestPackages({ packages }: PackReport): readonly string[] {
  const named = packages.filter(({ name }) => name !== null)
  if (named.length === 0) return []
  const largest = named
    .toSorted((a, b) => (b.bytesInImage ?? 0) - (a.bytesInImage ?? 0))
    .slice(0, MAX_PACKAGES_SHOWN)
    .map(({ name, bytesInImage }) => `${printable(name ?? '')} ${bytes(bytesInImage ?? 0)}`)
  return [row('packages', `${count(named.length)}; largest in the image: ${largest.join(', ')}`)]
}

/** The errors and warnings, one line each; empty if there are only notes. */
function checkResult({ environment, findings, createdWith }: PackReport): readonly string[] {
  const severe = [...ofSeverity(findings, 'error'), ...ofSeverity(findings, 'warning')]
  if (severe.length === 0) return []
  const more =
    createdWith === undefined ? `; for details: venv-packer check ${shellWord(environment.typed)}` : ''
  return [
    row('check', `${findingCounts(findings)}${more}`),
    ...severe.map(({ code, message }) => row('', `${printable(message)} [${code}]`)),
  ]
}

function bytecodeRows({ levels, modules, bytes: size, failed }: Bytecode): readonly string[] {
  const at = `${levels.length === 1 ? 'level' : 'levels'} ${listed(levels.map(String))}`
  const lines = [row('bytecode', `${counted(modules, 'module')} compiled at ${at}, ${bytes(size)}`)]
  if (failed.length > 0)
    lines.push(row('', `${counted(failed.length, 'module')} could not be compiled; --json lists them`))
  if (!levels.includes(0)) lines.push(row('', 'python without -O uses level 0, which is not there'))
  return lines
}

/** `0`, `0 and 1`, `0, 1 and 2`. */
function listed(items: readonly string[]): string {
  return items.join(', ').replace(/, ([^,]*)$/, ' and $1')
}

function ratio(bytesIn: number, bytesOut: number): string {
  return `${percent(bytesOut, bytesIn)} of the input (${(bytesIn / bytesOut).toFixed(2)} : 1)`
}

function list(
  name: string,
  items: readonly { readonly path: string; readonly message: string }[],
): readonly string[] {
  if (items.length === 0) return []
  const lines = items
    .slice(0, MAX_WARNINGS_SHOWN)
    .map(({ path, message }) => row('', `${printable(path)}: ${printable(message)}`))
  const rest = items.length - lines.length
  if (rest > 0) lines.push(row('', `and ${count(rest)} more; --json lists them all`))
  return [row(name, count(items.length)), ...lines]
}

function mounting(
  { environment, request }: PackReport,
  mount: MountAdvice,
  mountPointExists: boolean,
): readonly string[] {
  const isVenv = environment.config !== undefined
  const makeDirectory = mountPointExists ? [] : [`  mkdir -p ${shellWord(mount.point)}`, '']
  const { 'venv-packer': run, ...others } = mount.commands
  const lines = MOUNT_TOOLS.flatMap((tool) => (tool === 'venv-packer' ? [] : mountLine(tool, others[tool])))
  return [
    ...['To use it:', '', ...(isVenv ? [] : makeDirectory), `  ${run}`, ''],
    ...[where(mount, request.mountPoint), '', ...(isVenv ? makeDirectory : []), ...lines],
    ...(isVenv ? ['', `then: source ${shellWord(`${mount.point}/bin/activate`)}`] : []),
  ]
}

function where({ anywhere, point }: MountAdvice, wanted: string | undefined): string {
  if (wanted !== undefined) return `or mount it at ${printable(point)}:`
  return anywhere
    ? 'or mount it at any directory, for example:'
    : 'or mount it where the venv was made (it is not relocatable, and works at no other path):'
}

/** Why a tool does not accept some paths. */
const UNSUPPORTED_PATHS: Readonly<Partial<Record<MountTool, string>>> = {
  uenv: 'not possible, it accepts paths of letters, digits and / . _ - only; the same in a Slurm job',
  'squashfs-mount': 'not possible, its argument IMAGE:MOUNT cannot express these paths',
  'container-engine': "not possible, it accepts no path with ':' or '$'",
}

function mountLine(tool: MountTool, command: string | null): readonly string[] {
  if (command === null)
    return UNSUPPORTED_PATHS[tool] === undefined ? [] : [`  ${tool}: ${UNSUPPORTED_PATHS[tool]}`]
  return [tool === 'container-engine' ? `  ${command}  # in the EDF of a container engine` : `  ${command}`]
}

function row(name: string, text: string): string {
  return `  ${name.padEnd(11)}${text}`
}
