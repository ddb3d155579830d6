/** Gets the version of a program. This also checks that it is installed. */

import { type ExecFileException, execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { missingProgram } from '../missing-program.js'

const run = promisify(execFile)

/**
 * Returns the first version number that the program prints.
 * @param debianPackage the package to name in the error message.
 * @throws Error if the program is not installed, or prints no version.
 */
export async function programVersion(
  program: string,
  versionArguments: readonly string[],
  debianPackage: string,
): Promise<string> {
  const printed = await run(program, versionArguments).catch((error: ExecFileException) => {
    if (error.code === 'ENOENT') throw missingProgram(program, debianPackage)
    // unsquashfs prints its version and exits with code 1.
    if (typeof error.code !== 'number') throw error
    return { stdout: error.stdout ?? '', stderr: error.stderr ?? '' }
  })
  const version = /\d+(\.\d+)+\S*/.exec(printed.stdout + printed.stderr)?.[0]
  if (version === undefined) throw new Error(`${program} ${versionArguments.join(' ')} printed no version`)
  return version
}
