/** The files from which Python takes its modules, as -v prints them for a mounted image. */
import { join } from 'node:path'
import { run } from 'fixtures'

export interface Imports {
  /** Modules whose code came from a .pyc file of the image, without the mount point. */
  readonly fromBytecode: readonly string[]
  /** Modules whose source had to be compiled, and what Python tried to write of it. */
  readonly compiled: readonly string[]
}

/** Runs Python from the mounted image with `-v`, and looks at what it says of the image's modules. */
export async function importsFrom(mounted: string, code: string, ...options: string[]): Promise<Imports> {
  // Of a Python that knows it cannot write we would not hear that it tried.
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
