import { expect, it } from 'vitest'
import { pathMadeFor } from './made-for.js'

it.each([
  [
    'python -m venv',
    'deactivate nondestructive\n\nVIRTUAL_ENV="/scratch/my env"\nexport VIRTUAL_ENV\n',
    '/scratch/my env',
  ],
  [
    'python -m venv of 3.13',
    '    # on cygwin\n    VIRTUAL_ENV=$(cygpath /scratch/.venv)\n    export VIRTUAL_ENV=/scratch/.venv\n',
    '/scratch/.venv',
  ],
  ['uv', `VIRTUAL_ENV='/scratch/it'"'"'s'\nif ! [ -z "\${SCRIPT_PATH+_}" ] ; then\n`, "/scratch/it's"],
  [
    'virtualenv',
    'VIRTUAL_ENV=\'/scratch/a; b\'\n    VIRTUAL_ENV=$(cygpath -u "$VIRTUAL_ENV")\n',
    '/scratch/a; b',
  ],
  ['a hand', 'export VIRTUAL_ENV=/scratch/.venv/ # mine\n', '/scratch/.venv'],
])('what %s writes tells the path', (_, activate, path) => {
  expect(pathMadeFor(activate)).toBe(path)
})

it.each([
  [
    'uv venv --relocatable',
    `VIRTUAL_ENV=''"$(dirname -- "$(dirname -- "$(realpath -- "$SCRIPT_PATH")")")"''\n`,
  ],
  ['a remark', '# VIRTUAL_ENV=/scratch/.venv\n'],
  ['nothing', ''],
])('what %s writes tells none', (_, activate) => {
  expect(pathMadeFor(activate)).toBeUndefined()
})
