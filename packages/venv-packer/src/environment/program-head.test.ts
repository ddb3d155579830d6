import { expect, it } from 'vitest'
import { isBrokenByWrapper, pythonOfScript, scriptStart } from './program-head.js'

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
])('the first lines %j name the Python %j', (head, python) => {
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
