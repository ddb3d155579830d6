/** One process of an environment's own interpreter that compiles modules by `python/compile-modules.py`. */
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
  /** Once it has started: the interpreter's tag in the names of its bytecode, such as `cpython-312`. */
  readonly tag: Promise<string>
  /** To be called when it has started, and not again before it has answered. Compiles modules, given by their paths in the environment, one character for each byte. */
  compile(modules: readonly string[]): Promise<readonly Compiled[]>
  /** Ends it, whatever it is at. Resolves when it has ended. */
  stop(): Promise<void>
}

/** A module's .pyc files, one for each level, or why there is none. */
export type Compiled = { readonly files: readonly Buffer[] } | { readonly error: string }

export interface CompilerSettings {
  /** Path of the interpreter. */
  readonly python: string
  /** Directory of the environment. */
  readonly environment: string
  /** The directory in which it will be found when it runs; '' where that is anywhere. */
  readonly mountPoint: string
  readonly levels: readonly Level[]
}

/** The process did not start, or ended before its work was done. */
export class CompilerEnded extends Error {
  override readonly name = 'CompilerEnded'
  constructor(
    message: string,
    /** The end of its standard error. */
    readonly said: string,
    /** The exit code; null where it did not start, or was ended by a signal. */
    readonly exitCode: number | null,
    /** The system's error, where it did not start. */
    cause?: unknown,
  ) {
    super(message, { cause })
  }
}

const program = fileURLToPath(packageFile('python/compile-modules.py'))

/** No site-packages of anyone, nothing written, nothing said about the code: only the compiler is wanted. */
const INTERPRETER_OPTIONS = ['-s', '-S', '-B', '-W', 'ignore', '-X', 'utf8'] as const

/** The exit code of the program for an interpreter that is too old for it. */
export const TOO_OLD = 100

/** Starts one. Its promises are rejected with CompilerEnded when it does not start, or ends. */
export function startCompilerProcess(settings: CompilerSettings): CompilerProcess {
  const { python, environment, mountPoint, levels } = settings
  const child = spawn(python, [...INTERPRETER_OPTIONS, program, environment, mountPoint, levels.join(',')], {
    // The order of a set's members follows their hashes.
    env: { ...withoutPythonSettings(process.env), PYTHONHASHSEED: '0' },
  })
  const ended = endOf(child)
  child.stdin.on('error', () => {}) // of a process that is gone; its end tells more
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
  tag.catch(() => {}) // thrown where it is waited for

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

/** Resolves, when the process has ended or could not be started, with what that is as an error. */
async function endOf(child: ChildProcessWithoutNullStreams): Promise<CompilerEnded> {
  let said = ''
  child.stderr.on('data', (piece: Buffer) => {
    said = (said + piece.toString('utf8')).slice(-4000)
  })
  try {
    const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null]
    return new CompilerEnded(describeExit(code, signal), said.trim(), code)
  } catch (error) {
    return new CompilerEnded(messageOf(error), '', null, error)
  }
}

/** An interpreter by its path as it was typed, for words, and absolute, for programs. */
interface Interpreter {
  readonly typed: string
  readonly path: string
}

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
    const message = `${typed} cannot compile for an image: ${ended.said}`
    return new Failure(code, message, TOO_OLD_REMEDY, details)
  }
  const lastWords = ended.said.split('\n').at(-1)
  const message = `${typed} does not compile: ${lastWords ? `${lastWords} (${ended.message})` : ended.message}`
  const remedy = 'See whether it runs at all and has the memory it needs, or pack without compiling.'
  return new Failure(code, message, remedy, details)
}

/** Such a Python checks bytecode by time, or by hash since 3.7, as its own `compileall` writes it. */
const TOO_OLD_REMEDY =
  'Make the environment with a later Python, or pack without compiling: bytecode that it has is packed as it is (bin/python -m compileall -q lib).'

function missing({ typed, path }: Interpreter): string {
  const target = endOfLinks(path)
  return target === path
    ? `there is no ${typed} that could compile`
    : `${typed} is a symlink to ${target}, which does not exist here`
}

/** Where symlinks lead in the end; whether anything is there or not. */
function endOfLinks(path: string): string {
  const end = followLinks(toByteString(path))?.at(-1)
  return end === undefined ? path : textOf(end)
}
