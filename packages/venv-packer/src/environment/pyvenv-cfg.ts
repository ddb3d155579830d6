/** Parses `pyvenv.cfg`, the file that makes a directory a Python virtual environment. */

export interface PyvenvConfig {
  /** The directory of the interpreter that the environment was made with. */
  readonly home: string | undefined
  /** Python's version, such as `3.12.4`. */
  readonly version: string | undefined
  /** Whether the environment works at any path (`uv venv --relocatable`). */
  readonly relocatable: boolean
  /** Whether the packages of the interpreter can be imported as well. */
  readonly systemSitePackages: boolean
  readonly prompt: string | undefined
  /** The version of uv, if uv made the environment. */
  readonly uv: string | undefined
  /** The command that made the environment (recorded by Python 3.11 and later). */
  readonly command: string | undefined
}

/** Reads lines of `key = value` like Python's `site` does: keys in any case, other lines ignored. */
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

/** Removes the quotes of a prompt: `python -m venv --prompt` writes a Python literal. */
function unquoted(value: string | undefined): string | undefined {
  const quoted = value === undefined ? null : /^(['"])(.*)\1$/.exec(value)
  return quoted ? quoted[2] : value
}
