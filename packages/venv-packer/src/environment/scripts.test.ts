import { expect, it } from 'vitest'
import { isBrokenByWrapper, pathInActivateScript, pythonOfScript, scriptStart } from './scripts.js'

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
])('the script %j is made for %j', (text, path) => {
  expect(pathInActivateScript(text)).toBe(path)
})

const relocatable = `#!/bin/sh\n'''exec' "$(dirname -- "$(realpath -- "$0")")"/'python' "$0" "$@"\n' '''\n`

it.each([
  ['#!/a/.venv/bin/python\nimport re\n', '/a/.venv/bin/python'],
  ['#! /a/.venv/bin/python3.12 -I\n', '/a/.venv/bin/python3.12'],
  ['#!/bin/sh\n\'\'\'exec\' "/a b/.venv/bin/python" "$0" "$@"\n', '/a b/.venv/bin/python'],
  ["#!/bin/sh\n'''exec' '/it'\"'\"'s/bin/python' \"$0\" \"$@\"\n", "/it's/bin/python"],
  ['#!/bin/sh\n\'\'\'exec\' /a/.venv/bin/pypy3 "$0" "$@"\n', '/a/.venv/bin/pypy3'],
  [relocatable, null],
  ['#!/usr/bin/env python3\n', null],
  ['#!/bin/bash\nexec /a/bin/python\n', null],
  ['import re\n', null],
  ['', null],
])('the first lines %j contain the Python %j', (head, python) => {
  expect(pythonOfScript(head)).toBe(python)
})

it.each([
  ['#!/a/bin/python\n', '/a/bin/python', null],
  ['#!python\n', 'python', null],
  ['#!/bin/sh\necho\n', '/bin/sh', null],
  ['#!/usr/bin/env python3\n', '/usr/bin/env', { by: 'PATH', program: 'python3' }],
  ['#!/usr/bin/env python3 -u\n', '/usr/bin/env', { by: 'PATH', program: 'python3 -u' }],
  ['#!/usr/bin/env -S python3 -u\n', '/usr/bin/env', { by: 'PATH', program: 'python3' }],
  ['#!/usr/bin/env -S A=1 /a/python\n', '/usr/bin/env', { by: 'path', program: '/a/python' }],
  [relocatable, '/bin/sh', { by: 'own directory', program: 'python' }],
])('the script %j is started by %s, and that starts %j', (head, interpreter, next) => {
  expect(scriptStart(head)).toEqual({ interpreter, next })
})

it.each([
  ['"""Doc."""\nfrom __future__ import annotations\n', true],
  ["# -*- coding: utf-8 -*-\n\n'''Two\nlines \\''' '''\n\n# so\nfrom __future__ import annotations\n", true],
  ['r"doc"\r\nfrom __future__ import annotations\r\n', true],
  ['from __future__ import annotations\n', false],
  ['"""Doc."""\nimport re\nfrom __future__ import annotations\n', false],
  ['"""Doc.\nfrom __future__ import annotations\n"""\nimport re\n', false],
  ['', false],
])('the wrapper before %j breaks the script: %j', (script, broken) => {
  expect(isBrokenByWrapper(relocatable + script)).toBe(broken)
  expect(isBrokenByWrapper(`#!/usr/bin/env python\n${script}`)).toBe(false)
})
