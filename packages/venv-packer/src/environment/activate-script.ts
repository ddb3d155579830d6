/** The scripts that activate an environment: one for each family of shells, some with the path of the environment in it. */
import type { ByteString } from 'squashfs-writer/paths'
import { firstShellWord } from './shell-text.js'

/** Which shell each script is for (`activate` is for zsh as well); those for Windows do not matter here. */
export const activateScripts: Readonly<Record<string, string>> = {
  activate: 'bash',
  'activate.csh': 'csh',
  'activate.fish': 'fish',
  'activate.nu': 'nushell',
}

/** `VIRTUAL_ENV=`, `export VIRTUAL_ENV=`, `setenv VIRTUAL_ENV`, `set -gx VIRTUAL_ENV`, `const virtual_env =`, ... */
const assignment =
  /^[ \t]*(?:export[ \t]+|setenv[ \t]+|set[ \t]+-gx[ \t]+|const[ \t]+|let[ \t]+)?VIRTUAL_ENV(?:[ \t]*=[ \t]*|[ \t]+)(\S.*)$/gim

/** The absolute path that an activate script is for; null where it finds out when it runs. */
export function pathInActivateScript(text: ByteString): ByteString | null {
  for (const [, value = ''] of text.matchAll(assignment)) {
    const path = firstWord(value)
    if (path.startsWith('/')) return path.replace(/(.)\/+$/, '$1')
  }
  return null
}

/** As by {@link firstShellWord}; nushell has a form of its own: `r#'/a b'#`. */
function firstWord(value: ByteString): ByteString {
  return /^r#'([^']*)'#/.exec(value)?.[1] ?? firstShellWord(value)
}
