/** Finds a command like env(1) will, and its interpreter, before anything is mounted. */
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
  /** The mount point of the image. */
  readonly point: string
  /** The value of PATH. */
  readonly path: string
  /** Whether the command line sets PATH itself, so that the image's `bin` is not searched first. */
  readonly ownPath?: boolean
}

/** The command as it will be run. */
export interface RequiredCommand {
  /**
   * The command line for a mount point. A program in the image is given by its path: with its name only, env(1) would search for another
   * program of that name if this one could not be started.
   */
  readonly commandAt: (point: string) => CommandLine
  /** Warnings about the command. */
  readonly warnings: readonly string[]
}

/** Refuses a missing command with exit code 127, and one that cannot be executed with 126, like a shell. */
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

/** The path of a program. @throws Failure if it is not found, or not executable. */
async function programOf(name: string, place: SearchPlace): Promise<string> {
  const outcomes: LookupOutcome[] = []
  for (const candidate of candidates(name, place)) {
    const { outcome } = await lookup(candidate, place)
    if (outcome === 'executable') return candidate
    outcomes.push(outcome)
  }
  if (outcomes.includes('not executable')) {
    const remedy = 'Make it executable (chmod +x), or start it with its interpreter: -- python FILE.'
    throw notExecutable(`${name} cannot be executed`, remedy)
  }
  const remedy = name.includes('/') ? 'Correct the path.' : 'It is neither in bin of the image nor on PATH.'
  throw new Failure('COMMAND_NOT_FOUND', `${name}: command not found`, remedy, {
    exitCode: EXIT_CODES.commandNotFound,
  })
}

/** The PATH among the variables before a command, which env(1) uses. */
function pathAmong(variables: CommandLine): string | undefined {
  return variables.findLast((word) => word.startsWith('PATH='))?.slice('PATH='.length)
}

function candidates(name: string, { point, path, ownPath }: SearchPlace): readonly string[] {
  if (name.includes('/')) return [resolve(name)]
  const onPath = path.split(delimiter).map((directory) => resolve(directory, name))
  return ownPath ? onPath : [join(point, 'bin', name), ...onPath]
}

type LookupOutcome = 'executable' | 'not executable' | 'nothing'

interface LookupResult {
  readonly outcome: LookupOutcome
  /** The path with all symlinks followed. */
  readonly path: string
  /** Whether the path is in the image. */
  readonly inside: boolean
}

async function lookup(path: string, { image, point }: SearchPlace): Promise<LookupResult> {
  const destination = await followMounted(image, point, path)
  switch (destination.kind) {
    case 'nothing':
      return { outcome: 'nothing', path, inside: false }
    case 'inside':
      return {
        outcome: destination.executable ? 'executable' : 'not executable',
        path: destination.path,
        inside: true,
      }
    case 'outside':
      return { outcome: await lookupFile(destination.path), path: destination.path, inside: false }
  }
}

async function lookupFile(path: string): Promise<LookupOutcome> {
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

/** The interpreter of a script may be a script again. The kernel follows at most this many. */
const MAX_INTERPRETERS = 5

/**
 * Finds the programs that run a script. If one is missing, the shell would report that the command is not found, or run another one of
 * the same name.
 * @param name as the user typed it.
 */
async function requireInterpreters(
  name: string,
  script: string,
  place: SearchPlace,
  remaining = MAX_INTERPRETERS,
): Promise<readonly string[]> {
  const found = await lookup(script, place)
  const start = scriptStart(await headOf(found, place))
  if (start === null || remaining === 0) return []
  const warnings: string[] = []
  for (const { written, paths } of programsOf(start, found, place)) {
    const path = await firstExecutable(paths, place)
    if (path === undefined) throw noInterpreter(name, written, found.inside)
    const isOutside = isPython(written) && !path.startsWith(`${place.point}/`)
    if (found.inside && isOutside) warnings.push(runFromOutside(name, path))
    else warnings.push(...(await requireInterpreters(name, path, place, remaining - 1)))
  }
  return warnings
}

interface InterpreterCandidate {
  /** As the script has it. */
  readonly written: string
  /** The paths at which it may be. */
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

/** The first executable path; if it leads into the image, as a path below the mount point. */
async function firstExecutable(paths: readonly string[], place: SearchPlace): Promise<string | undefined> {
  for (const written of paths) {
    const path = (await pathBelowPoint(place.point, written)) ?? written
    if ((await lookup(path, place)).outcome === 'executable') return path
  }
  return undefined
}

async function headOf(
  { outcome, path, inside }: LookupResult,
  { image, point }: SearchPlace,
): Promise<string> {
  if (outcome !== 'executable') return ''
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
    return new Uint8Array() // a program can be executable without being readable
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

/** Refuses an environment without its interpreter, since the search of PATH would find another one without a message. */
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
