/** The error for a program that a benchmark needs and this machine lacks: it says what to install. */

export function missingProgram(program: string, debianPackage: string): Error {
  return new Error(`${program} was not found. Install it: apt-get install ${debianPackage}`)
}
