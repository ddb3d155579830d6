/** Reads `pyvenv.cfg`, the file that makes a directory a Python virtual environment. */

export interface PyvenvConfig {
  /** Directory of the interpreter that the environment was made with. */
  readonly home: string | undefined
  /** Python's version, such as `3.12.4`. */
  readonly version: string | undefined
  /** True when the environment works wherever it lies (`uv venv --relocatable`). */
  readonly relocatable: boolean
  /** True when packages of the interpreter itself are seen, too. */
  readonly systemSitePackages: boolean
  readonly prompt: string | undefined
  /** The version of uv, when uv made it. */
  readonly uv: string | undefined
  /** The command that made it, where Python wrote it down (3.11 and later). */
  readonly command: string | undefined
}

/** Lines of `key = value`, keys in any case, as Python's `site` reads them. All other lines are ignored. */
export function parsePyvenvConfig(text: string): PyvenvConfig {
  const values = new Map<string, string>()
  for (const line of text.replace(/^\uFEFF/, '').split(/\r\n|\r|\n/)) {
    const equals = line.indexOf('=')
    if (equals < 0) continue
    const key = line.slice(0, equals).trim().toLowerCase()
    if (key !== '') values.set(key, line.slice(equals + 1).trim())
  }
  const isTrue = (key: string): boolean => values.get(key)?.toLowerCase() === 'true'
  return {
    home: values.get('home'),
    version: values.get('version') ?? values.get('version_info'),
    relocatable: isTrue('relocatable'),
    systemSitePackages: isTrue('include-system-site-packages'),
    prompt: unquoted(values.get('prompt')),
    uv: values.get('uv'),
    command: values.get('command'),
  }
}

/** `python -m venv --prompt` writes the prompt as a Python literal. */
function unquoted(value: string | undefined): string | undefined {
  const quoted = value === undefined ? null : /^(['"])(.*)\1$/.exec(value)
  return quoted ? quoted[2] : value
}
