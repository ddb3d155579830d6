/** Creates the error for a program that is not installed. The message says what to install. */

export function missingProgram(program: string, debianPackage: string): Error {
  return new Error(`${program} was not found. Install it: apt-get install ${debianPackage}`)
}
