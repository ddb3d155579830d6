/** Why an environment's interpreter does not compile its modules, in words, and what to do about it. */
import { toByteString } from 'squashfs-writer/paths'
import { followLinks } from '../environment/interpreter.js'
import { Failure } from '../failure.js'
import { systemErrorCode } from '../system-errors.js'
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
    const message = missing(interpreter)
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

function missing({ typed, path }: Interpreter): string {
  const target = endOfLinks(path)
  return target === path
    ? `there is no ${typed} that could compile`
    : `${typed} is a symlink to ${target}, which does not exist here`
}

/** Where symlinks lead in the end; whether anything is there or not. */
function endOfLinks(path: string): string {
  const end = followLinks(toByteString(path))?.at(-1)
  return end === undefined ? path : Buffer.from(end, 'latin1').toString('utf8')
}
