/** The summary for people: what went in, what came out, what was left out, and how to mount the image. */
import type { Bytecode } from '../bytecode/compiler.js'
import type { PackReport } from '../commands/pack.js'
import { bytes, count, counted, duration, percent } from './figures.js'
import { type MountAdvice, type MountTool, mountTools } from './mount-advice.js'
import { printable } from './printable.js'
import { shellWord } from './shell-word.js'

const warningsShown = 10

export function summary(report: PackReport, mount: MountAdvice, mountPointExists: boolean): string {
  return [
    headline(report),
    '',
    ...figures(report),
    '',
    ...mounting(report, mount, mountPointExists),
    '',
  ].join('\n')
}

function headline({ environment, destination, seconds }: PackReport): string {
  const verb = destination.replaces ? 'replaced' : 'written'
  return `${printable(destination.typed)} ${verb} from ${printable(environment.typed)} in ${duration(seconds)}`
}

function figures({ result, bytecode }: PackReport): readonly string[] {
  const { found } = result
  const kinds = [
    counted(found.files, 'file'),
    counted(found.directories, 'folder'),
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
  const dropped = Object.entries(result.droppedXattrs).map(
    ([name, inodes]) => `${printable(name)} (${count(inodes)})`,
  )
  if (dropped.length > 0) lines.push(row('left out', `xattrs ${dropped.join(', ')}`))
  return [...lines, ...list('unreadable', result.omitted), ...list('warnings', result.warnings)]
}

function bytecodeRows({ levels, modules, bytes: size, failed }: Bytecode): readonly string[] {
  const at = `${levels.length === 1 ? 'level' : 'levels'} ${listed(levels.map(String))}`
  const lines = [row('bytecode', `${counted(modules, 'module')} compiled at ${at}, ${bytes(size)}`)]
  if (failed.length > 0)
    lines.push(row('', `${counted(failed.length, 'module')} could not be compiled; --json lists them`))
  if (!levels.includes(0)) lines.push(row('', 'plain python looks for level 0, and will not find it'))
  return lines
}

/** `0`, `0 and 1`, `0, 1 and 2`. */
function listed(items: readonly string[]): string {
  return items.join(', ').replace(/, ([^,]*)$/, ' and $1')
}

function ratio(bytesIn: number, bytesOut: number): string {
  return `${percent(bytesOut, bytesIn)} of what went in (${(bytesIn / bytesOut).toFixed(2)} : 1)`
}

function list(
  name: string,
  items: readonly { readonly path: string; readonly message: string }[],
): readonly string[] {
  if (items.length === 0) return []
  const lines = items
    .slice(0, warningsShown)
    .map(({ path, message }) => row('', `${printable(path)}: ${printable(message)}`))
  const rest = items.length - lines.length
  if (rest > 0) lines.push(row('', `and ${count(rest)} more; --json lists them all`))
  return [row(name, count(items.length)), ...lines]
}

function mounting(
  { environment }: PackReport,
  mount: MountAdvice,
  mountPointExists: boolean,
): readonly string[] {
  const where = mount.anywhere
    ? 'To use it, mount it at any folder, for example:'
    : 'To use it, mount it where it was packed from: the venv is not relocatable and works at no other path.'
  const prepare = mountPointExists ? [] : [`  mkdir -p ${shellWord(mount.point)}`, '']
  const activate = shellWord(`${mount.point}/bin/activate`)
  const then = environment.config === undefined ? [] : ['', `then: source ${activate}`]
  return [where, '', ...prepare, ...mountTools.map((tool) => mountLine(tool, mount.commands[tool])), ...then]
}

function mountLine(tool: MountTool, command: string | null): string {
  return `  ${command ?? `${tool}: not possible, its form IMAGE:MOUNT takes no path with ':' or ','`}`
}

function row(name: string, text: string): string {
  return `  ${name.padEnd(11)}${text}`
}
