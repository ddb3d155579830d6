/** Why an environment's interpreter does not compile its modules, in words, and what to do about it. */
import { readlink } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { Failure } from '../errors/failure.js'
import { systemErrorCode } from '../errors/system-errors.js'
import { type CompilerEnded, TOO_OLD } from './compiler-process.js'

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
    const message = await missing(interpreter)
    return new Failure(code, message, 'Pack where that Python is, or without compiling.', details)
  }
  if (systemCode !== undefined) {
    const message = `${typed} cannot be started: ${ended.message}`
    return new Failure(code, message, 'Make it executable, or pack without compiling.', details)
  }
  if (ended.exitCode === TOO_OLD) {
    const message = `${typed} cannot compile for an image: ${ended.said}`
    return new Failure(code, message, tooOldRemedy, details)
  }
  const lastWords = ended.said.split('\n').at(-1)
  const message = `${typed} does not compile: ${lastWords ? `${lastWords} (${ended.message})` : ended.message}`
  const remedy = 'See whether it runs at all and has the memory it needs, or pack without compiling.'
  return new Failure(code, message, remedy, details)
}

/** Such a Python checks bytecode by time, or by hash since 3.7, as its own `compileall` writes it. */
const tooOldRemedy =
  'Make the environment with a later Python, or pack without compiling: what bytecode it has is packed as it is (bin/python -m compileall -q lib).'

async function missing({ typed, path }: Interpreter): Promise<string> {
  const target = await endOfLinks(path)
  return target === path
    ? `there is no ${typed} that could compile`
    : `${typed} is a symlink to ${target}, which does not exist here`
}

const mostLinks = 40

/** Where symlinks lead in the end; whether anything is there or not. */
async function endOfLinks(path: string): Promise<string> {
  let at = path
  for (let n = 0; n < mostLinks; n++) {
    const target = await readlink(at).catch(() => undefined)
    if (target === undefined) break
    at = resolve(dirname(at), target)
  }
  return at
}
