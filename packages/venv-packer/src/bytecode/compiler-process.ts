/** Runs `python/compile-modules.py` with an environment's own interpreter, and exchanges messages with it. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { toByteString } from 'squashfs-writer/paths'
import { describeExit } from '../child-process.js'
import { followLinks, withoutPythonSettings } from '../environment/interpreter.js'
import { textOf } from '../environment/paths.js'
import { Failure } from '../failure.js'
import { packageFile } from '../package.js'
import { messageOf, systemErrorCode } from '../system-errors.js'
import { readFrames } from './frames.js'
import type { Level } from './modules.js'

export interface CompilerProcess {
  /** Resolves when the process has started. The interpreter's tag in names of bytecode files, such as `cpython-312`. */
  readonly tag: Promise<string>
  /**
   * Compiles modules. Call it when the process has started, and wait for the result before the next call.
   * @param modules paths in the environment, one character for each byte.
   */
  compile(modules: readonly string[]): Promise<readonly Compiled[]>
  /** Kills the process. Resolves when it has ended. */
  stop(): Promise<void>
}

/** The .pyc files of a module, one for each level, or the reason why it could not be compiled. */
export type Compiled = { readonly files: readonly Buffer[] } | { readonly error: string }

export interface CompilerSettings {
  /** Path of the interpreter. */
  readonly python: string
  /** Directory of the environment. */
  readonly environment: string
  /** The mount point of the image; '' for an environment that works anywhere. */
  readonly mountPoint: string
  readonly levels: readonly Level[]
}

/** The process did not start, or ended before its work was done. */
export class CompilerEnded extends Error {
  override readonly name = 'CompilerEnded'
  constructor(
    message: string,
    /** The last part of its standard error. */
    readonly stderr: string,
    /** Null if the process did not start, or a signal ended it. */
    readonly exitCode: number | null,
    /** The system error, if it did not start. */
    cause?: unknown,
  ) {
    super(message, { cause })
  }
}

/** Characters of standard error that are kept. */
const MAX_STDERR = 4000

const program = fileURLToPath(packageFile('python/compile-modules.py'))

/** Only the compiler is needed: no site-packages, no bytecode of its own, no warnings about the code. */
const INTERPRETER_OPTIONS = ['-s', '-S', '-B', '-W', 'ignore', '-X', 'utf8'] as const

/** The program's exit code when the interpreter is too old for it. */
export const TOO_OLD = 100

/** Starts a process. Its promises reject with CompilerEnded if it does not start, or ends early. */
export function startCompilerProcess(settings: CompilerSettings): CompilerProcess {
  const { python, environment, mountPoint, levels } = settings
  const child = spawn(python, [...INTERPRETER_OPTIONS, program, environment, mountPoint, levels.join(',')], {
    // The order of the members of a set depends on their hashes, and the bytes of a .pyc depend on that order.
    env: { ...withoutPythonSettings(process.env), PYTHONHASHSEED: '0' },
  })
  const ended = endOf(child)
  child.stdin.on('error', () => {}) // the process has ended: `ended` gives the reason
  const frames = readFrames(child.stdout)

  async function line<T>(): Promise<T> {
    const text = await frames.line()
    if (text === undefined) throw await ended
    return JSON.parse(text) as T
  }

  async function file(size: number): Promise<Buffer> {
    const bytes = await frames.bytes(size)
    if (bytes === undefined) throw await ended
    return bytes
  }

  const tag = line<{ readonly tag: string }>().then((greeting) => greeting.tag)
  tag.catch(() => {}) // the caller who awaits it handles the error

  return {
    tag,
    async compile(modules) {
      child.stdin.write(`${JSON.stringify(modules)}\n`)
      const compiled: Compiled[] = []
      for (const answer of await line<readonly Answer[]>()) {
        if ('error' in answer) {
          compiled.push(answer)
        } else {
          const files: Buffer[] = []
          for (const size of answer.sizes) files.push(await file(size))
          compiled.push({ files })
        }
      }
      return compiled
    },
    async stop() {
      child.kill('SIGKILL')
      await ended
    },
  }
}

type Answer = { readonly sizes: readonly number[] } | { readonly error: string }

/** Resolves when the process has ended or could not be started, with the error that describes it. */
async function endOf(child: ChildProcessWithoutNullStreams): Promise<CompilerEnded> {
  let stderr = ''
  child.stderr.on('data', (piece: Buffer) => {
    stderr = (stderr + piece.toString('utf8')).slice(-MAX_STDERR)
  })
  try {
    const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null]
    return new CompilerEnded(describeExit(code, signal), stderr.trim(), code)
  } catch (error) {
    return new CompilerEnded(messageOf(error), '', null, error)
  }
}

/** The path of an interpreter: as the user typed it, for messages, and absolute. */
interface Interpreter {
  readonly typed: string
  readonly path: string
}

/** The failure for an interpreter that could not be used. */
export async function interpreterFailure(ended: CompilerEnded, interpreter: Interpreter): Promise<Failure> {
  const systemCode = systemErrorCode(ended.cause)
  const details = { path: interpreter.path, systemCode, cause: ended }
  const code = 'INTERPRETER'
  const { typed } = interpreter
  if (systemCode === 'ENOENT') {
    const message = missing(interpreter)
    return new Failure(code, message, 'Pack where that Python is, or without compiling.', details)
  }
  if (systemCode !== undefined) {
    const message = `${typed} cannot be started: ${ended.message}`
    return new Failure(code, message, 'Make it executable, or pack without compiling.', details)
  }
  if (ended.exitCode === TOO_OLD) {
    const message = `${typed} cannot compile for an image: ${ended.stderr}`
    return new Failure(code, message, TOO_OLD_REMEDY, details)
  }
  const lastLine = ended.stderr.split('\n').at(-1)
  const message = `${typed} does not compile: ${lastLine ? `${lastLine} (${ended.message})` : ended.message}`
  const remedy = 'See whether it runs at all and has the memory it needs, or pack without compiling.'
  return new Failure(code, message, remedy, details)
}

/** An older Python can still use the bytecode that its own `compileall` writes. */
const TOO_OLD_REMEDY =
  'Make the environment with a later Python, or pack without compiling: bytecode that it has is packed as it is (bin/python -m compileall -q lib).'

function missing({ typed, path }: Interpreter): string {
  const target = endOfLinks(path)
  return target === path
    ? `there is no ${typed} that could compile`
    : `${typed} is a symlink to ${target}, which does not exist here`
}

/** The path that symlinks lead to, whether it exists or not. */
function endOfLinks(path: string): string {
  const end = followLinks(toByteString(path))?.at(-1)
  return end === undefined ? path : textOf(end)
}
