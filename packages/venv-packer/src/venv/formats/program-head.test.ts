import { expect, it } from 'vitest'
import { pythonOfScript } from './program-head.js'

it.each([
  ['#!/a/.venv/bin/python\nimport re\n', '/a/.venv/bin/python'],
  ['#! /a/.venv/bin/python3.12 -I\n', '/a/.venv/bin/python3.12'],
  ['#!/bin/sh\n\'\'\'exec\' "/a b/.venv/bin/python" "$0" "$@"\n', '/a b/.venv/bin/python'],
  ['#!/bin/sh\n\'\'\'exec\' /a/.venv/bin/pypy3 "$0" "$@"\n', '/a/.venv/bin/pypy3'],
  ['#!/bin/sh\n\'\'\'exec\' "$(dirname -- "$(realpath -- "$0")")"/\'python\' "$0" "$@"\n', null],
  ['#!/usr/bin/env python3\n', null],
  ['#!/bin/bash\nexec /a/bin/python\n', null],
  ['import re\n', null],
  ['', null],
])('the first lines %j name the Python %j', (head, python) => {
  expect(pythonOfScript(head)).toBe(python)
})
