/** Looks for a command where env(1) will look for it, and for its interpreter, before anything is mounted. */
import { access, constants, open, stat } from 'node:fs/promises'
import { delimiter, dirname, join, resolve } from 'node:path'
import type { ImageReader } from 'squashfs-writer/read'
import { textOf } from '../../environment/paths.js'
import { isPython, PROGRAM_HEAD_SIZE, type ScriptStart, scriptStart } from '../../environment/scripts.js'
import { EXIT_CODES, Failure, type FailureDetails } from '../../failure.js'
import type { CommandLine } from '../../mount/methods.js'
import { followMounted, pathBelowPoint, scriptOfMounted } from '../../mount/mounted-path.js'
import { systemErrorCode } from '../../system-errors.js'

export interface SearchPlace {
  readonly image: ImageReader
  /** Where it will be mounted. */
  readonly point: string
  /** PATH as it is outside. */
  readonly path: string
  /** Whether the command sets that PATH itself, so that the image's `bin` does not come before it. */
  readonly ownPath?: boolean
}

/** The command as it is to be run. */
export interface RequiredCommand {
  /**
   * With the image mounted at a point: with the path of the program instead of its name, where it lies in the image: env(1) would look for another one of that
   * name if this one could not be started.
   */
  readonly commandAt: (point: string) => CommandLine
  /** Doubts about the command, for the user. */
  readonly warnings: readonly string[]
}

/** Refuses a command that is not there, or that cannot be run, as a shell does: with exit code 127, or 126. */
export async function requireCommand(command: CommandLine, outside: SearchPlace): Promise<RequiredCommand> {
  const at = command.findIndex((word) => !word.includes('='))
  const name = command[at]
  if (name === undefined) return { commandAt: () => command, warnings: [] }
  const ownPath = pathAmong(command.slice(0, at))
  const place = ownPath === undefined ? outside : { ...outside, path: ownPath, ownPath: true }
  const path = await programOf(name, place)
  const warnings = await requireInterpreters(name, path, place)
  const inner = path.startsWith(`${place.point}/`) ? path.slice(place.point.length) : undefined
  return {
    commandAt: (point) => (inner === undefined ? command : command.with(at, point + inner)),
    warnings,
  }
}

/** Where a name is found; or why it is not. */
async function programOf(name: string, place: SearchPlace): Promise<string> {
  const findings: Finding[] = []
  for (const candidate of candidates(name, place)) {
    const { finding } = await lookup(candidate, place)
    if (finding === 'executable') return candidate
    findings.push(finding)
  }
  if (findings.includes('not executable')) {
    const remedy = 'Make it executable (chmod +x), or start it with its interpreter: -- python FILE.'
    throw notExecutable(`${name} cannot be executed`, remedy)
  }
  const remedy = name.includes('/') ? 'Correct the path.' : 'It is neither in bin of the image nor on PATH.'
  throw new Failure('COMMAND_NOT_FOUND', `${name}: command not found`, remedy, {
    exitCode: EXIT_CODES.commandNotFound,
  })
}

/** The variables that stand before a command may hold another PATH, which env(1) obeys. */
function pathAmong(variables: CommandLine): string | undefined {
  return variables.findLast((word) => word.startsWith('PATH='))?.slice('PATH='.length)
}

function candidates(name: string, { point, path, ownPath }: SearchPlace): readonly string[] {
  if (name.includes('/')) return [resolve(name)]
  const onPath = path.split(delimiter).map((directory) => resolve(directory, name))
  return ownPath ? onPath : [join(point, 'bin', name), ...onPath]
}

type Finding = 'executable' | 'not executable' | 'nothing'

interface LookupResult {
  readonly finding: Finding
  /** With all links followed; in the image where `inside` says so. */
  readonly path: string
  readonly inside: boolean
}

async function lookup(path: string, { image, point }: SearchPlace): Promise<LookupResult> {
  const destination = await followMounted(image, point, path)
  switch (destination.kind) {
    case 'nothing':
      return { finding: 'nothing', path, inside: false }
    case 'inside':
      return {
        finding: destination.executable ? 'executable' : 'not executable',
        path: destination.path,
        inside: true,
      }
    case 'outside':
      return { finding: await lookupFile(destination.path), path: destination.path, inside: false }
  }
}

async function lookupFile(path: string): Promise<Finding> {
  try {
    if (!(await stat(path)).isFile()) return 'not executable'
  } catch {
    return 'nothing'
  }
  return await access(path, constants.X_OK).then(
    () => 'executable',
    () => 'not executable',
  )
}

/** A script whose interpreter is a script, and so on: the kernel follows no more than this. */
const MAX_INTERPRETERS = 5

/**
 * Follows a script to the programs that run it. Where one is missing the system would say that there is no such command, or
 * run another one of the same name.
 * @param name as it was typed.
 */
async function requireInterpreters(
  name: string,
  script: string,
  place: SearchPlace,
  left = MAX_INTERPRETERS,
): Promise<readonly string[]> {
  const looked = await lookup(script, place)
  const start = scriptStart(await headOf(looked, place))
  if (start === null || left === 0) return []
  const warnings: string[] = []
  for (const { written, paths } of programsOf(start, looked, place)) {
    const path = await firstExecutable(paths, place)
    if (path === undefined) throw noInterpreter(name, written, looked.inside)
    const isOutside = isPython(written) && !path.startsWith(`${place.point}/`)
    if (looked.inside && isOutside) warnings.push(runFromOutside(name, path))
    else warnings.push(...(await requireInterpreters(name, path, place, left - 1)))
  }
  return warnings
}

interface InterpreterCandidate {
  /** As the script has it. */
  readonly written: string
  /** Where it may lie. */
  readonly paths: readonly string[]
}

function programsOf(
  { interpreter, next }: ScriptStart,
  script: LookupResult,
  place: SearchPlace,
): readonly InterpreterCandidate[] {
  const first = { written: textOf(interpreter), paths: [resolve(textOf(interpreter))] }
  if (next === null) return [first]
  const written = textOf(next.program)
  switch (next.by) {
    case 'path':
      return [first, { written, paths: [resolve(written)] }]
    case 'PATH':
      return [first, { written, paths: candidates(written, place) }]
    case 'own directory':
      return [first, { written, paths: [join(dirname(script.path), written)] }]
  }
}

/** As a path below the mount point, where it leads there. */
async function firstExecutable(paths: readonly string[], place: SearchPlace): Promise<string | undefined> {
  for (const written of paths) {
    const path = (await pathBelowPoint(place.point, written)) ?? written
    if ((await lookup(path, place)).finding === 'executable') return path
  }
  return undefined
}

async function headOf(
  { finding, path, inside }: LookupResult,
  { image, point }: SearchPlace,
): Promise<string> {
  if (finding !== 'executable') return ''
  const bytes = inside ? await scriptOfMounted(image, point, path) : await headOfFile(path)
  return Buffer.from(bytes).toString('latin1', 0, PROGRAM_HEAD_SIZE)
}

async function headOfFile(path: string): Promise<Uint8Array> {
  try {
    const file = await open(path)
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(PROGRAM_HEAD_SIZE), 0, PROGRAM_HEAD_SIZE, 0)
      return buffer.subarray(0, bytesRead)
    } finally {
      await file.close()
    }
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error
    return new Uint8Array() // a program may be executable and not readable; only the system knows its kind then
  }
}

function noInterpreter(name: string, interpreter: string, inImage: boolean): Failure {
  const remedy = inImage
    ? 'Install its package again before packing (uv pip install --reinstall), or start it another way: -- python -m MODULE.'
    : 'Correct its first line, or start it with an interpreter that is there: -- python FILE.'
  return notExecutable(
    `${name} cannot be started: its interpreter, ${interpreter}, is not there, or may not be executed`,
    remedy,
  )
}

function notExecutable(message: string, remedy: string): Failure {
  return new Failure('COMMAND_NOT_EXECUTABLE', message, remedy, { exitCode: EXIT_CODES.commandNotExecutable })
}

function runFromOutside(name: string, interpreter: string): string {
  return `${name} is run by ${interpreter}, which lies outside of the image: it imports what is installed there`
}

/** Refuses an environment without its interpreter: a search of PATH would silently find another one. */
export async function requireInterpreter(image: ImageReader, point: string): Promise<void> {
  const python = await followMounted(image, point, `${point}/bin/python`)
  if (python.kind === 'nothing')
    throw environmentWithout('the environment has no interpreter: there is no bin/python')
  if (python.kind === 'inside') return
  try {
    await access(python.path, constants.X_OK)
  } catch (error) {
    const what = systemErrorCode(error) === 'EACCES' ? 'may not be run by you' : 'is not on this machine'
    const message = `the environment's interpreter, ${python.path}, ${what}`
    throw environmentWithout(message, { path: python.path, systemCode: systemErrorCode(error), cause: error })
  }
}

const REMEDY =
  'Make it available first (start its uenv, load its module), or pack a venv of an interpreter that is there.'

function environmentWithout(message: string, details: FailureDetails = {}): Failure {
  return new Failure('NO_INTERPRETER', message, REMEDY, {
    ...details,
    exitCode: EXIT_CODES.commandNotStarted,
  })
}
