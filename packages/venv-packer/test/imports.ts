/** Finds out from `python -v` which files Python loads modules of a mounted image from. */
import { join } from 'node:path'
import { run } from 'fixtures'

export interface Imports {
  /** Modules whose code came from a .pyc file of the image, without the mount point. */
  readonly fromBytecode: readonly string[]
  /** Modules that Python compiled, and the .pyc files that it tried to write. */
  readonly compiled: readonly string[]
}

/** Runs Python from the mounted image with `-v`, and parses its output about modules of the image. */
export async function importsFrom(mounted: string, code: string, ...options: string[]): Promise<Imports> {
  // A Python that may not write bytecode does not report that it tried.
  const env = { PYTHONDONTWRITEBYTECODE: undefined, PYTHONPYCACHEPREFIX: undefined }
  const python = join(mounted, 'bin', 'python')
  const { stderr } = await run(python, [...options, '-v', '-c', code], { env })
  const lines = stderr.split('\n').filter((line) => line.includes(`${mounted}/`))
  const from = (pattern: RegExp) => lines.flatMap((line) => pattern.exec(line)?.[1] ?? [])
  return {
    fromBytecode: from(/^# code object from '(.*\.pyc)'$/).map((path) => path.slice(mounted.length + 1)),
    compiled: from(/^# (code object from .*\.py'?$|wrote .*|could not create .*)/),
  }
}
