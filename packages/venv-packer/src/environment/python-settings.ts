/** Settings of the user's shell that would reach into a Python that we start. */

/**
 * The same variables without those that Python itself obeys (PYTHONPATH, PYTHONHOME, PYTHONOPTIMIZE, ...): modules of a
 * cluster set them, and an environment would be made or compiled with packages that it does not have.
 */
export function withoutPythonSettings(variables: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(variables).filter(([name]) => !name.startsWith('PYTHON')))
}
