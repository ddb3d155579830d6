import { expect, it } from 'vitest'
import { pathInActivateScript } from './activate-script.js'

it.each([
  ['VIRTUAL_ENV="/a/.venv"\nexport VIRTUAL_ENV\n', '/a/.venv'],
  ["VIRTUAL_ENV='/it'\"'\"'s/.venv'\n", "/it's/.venv"],
  ['    VIRTUAL_ENV=$(cygpath "/a/.venv")\n    export VIRTUAL_ENV="/a b/.venv"\n', '/a b/.venv'],
  ['export VIRTUAL_ENV=/a/.venv/ # here\n', '/a/.venv'],
  ['setenv VIRTUAL_ENV "/a/.venv"\n', '/a/.venv'],
  ["set -gx VIRTUAL_ENV '/a/.venv'\n", '/a/.venv'],
  ["    const virtual_env = '/a/.venv'\n", '/a/.venv'],
  ["    let virtual_env = r#'/a/.venv'#\n", '/a/.venv'],
  ['VIRTUAL_ENV="/a \\"b\\"/.venv"\n', '/a "b"/.venv'],
  ['VIRTUAL_ENV=\'/a; b\'\n    VIRTUAL_ENV=$(cygpath -u "$VIRTUAL_ENV")\n', '/a; b'],
  ['    VIRTUAL_ENV=$(cygpath /a/.venv)\n    export VIRTUAL_ENV=/a/.venv\n', '/a/.venv'],
  ['# VIRTUAL_ENV=/a/.venv\n', null],
  ['', null],
  ['VIRTUAL_ENV=\'\'"$(dirname -- "$(dirname -- "$(realpath -- "$SCRIPT_PATH")")")"\'\'\n', null],
  ['    const virtual_env = (path self | path dirname | path dirname)\n', null],
  ['unset VIRTUAL_ENV\nVIRTUAL_ENV_PROMPT="/a"\n', null],
])('the script %j is for %j', (text, path) => {
  expect(pathInActivateScript(text)).toBe(path)
})
