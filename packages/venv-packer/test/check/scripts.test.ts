/** Tests findings about scripts that cannot start anywhere. */
import { symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { run } from 'fixtures'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { always, checked, fineTemplate, installWheel, type Template } from './environments.js'

let template: Template
beforeAll(async () => {
  template = await fineTemplate()
})
afterAll(() => template.remove())

it('whose interpreter is missing are listed, with its path', async () => {
  await template.copied(async (venv) => {
    const heads = {
      relative: '#!python\n',
      nowhere: '#!/usr/local/nope/python3\n',
      ownGone: `#!${venv}/bin/python2.7\n`,
      option: '#!/usr/bin/env python3 -u\n',
      returns: '#!/usr/bin/python3\r\n',
      wrapped: `#!/bin/sh\n'''exec' "$(dirname -- "$(realpath -- "$0")")"/'python2.7' "$0" "$@"\n' '''\n`,
      fine: '#!/bin/sh\n',
      found: '#!/usr/bin/env -S python3 -u\n',
    }
    for (const [name, head] of Object.entries(heads))
      await writeFile(join(venv, 'bin', name), head, { mode: 0o755 })
    await writeFile(join(venv, 'bin', 'not-executable'), '#!python\n', { mode: 0o644 })
    const { exitCode, of } = await checked(venv)
    expect(exitCode).toBe(0)
    expect(of('SCRIPT_WITHOUT_INTERPRETER').places).toEqual([
      { path: 'bin/nowhere', detail: '/usr/local/nope/python3' },
      { path: 'bin/option', detail: 'python3 -u' },
      { path: 'bin/ownGone', detail: `${venv}/bin/python2.7` },
      { path: 'bin/relative', detail: 'python' },
      { path: 'bin/returns', detail: expect.stringMatching(/^\/usr\/bin\/python3./) },
      { path: 'bin/wrapped', detail: 'python2.7' },
    ])
  })
})

it('with a wrapper, a docstring and a from __future__ import are listed, since they do not compile', async () => {
  await template.copied(async (venv) => {
    const future = 'from __future__ import annotations\n'
    const doc = `"""What it does.\n\n${'A long licence. '.repeat(200)}\n"""\n`
    const wheel = {
      name: 'wrapped',
      files: {
        'wrapped-1.0.data/scripts/broken': `#!python\n${doc}${future}print("works")\n`,
        'wrapped-1.0.data/scripts/works': `#!python\n${future}print("works")\n`,
        'wrapped-1.0.data/scripts/works-too': `#!python\n${doc}print("works")\n`,
      },
    }
    await installWheel(venv, wheel)
    const { found, of } = await checked(venv)
    expect(found).toEqual(['warning SCRIPT_BROKEN_BY_WRAPPER', ...always])
    expect(of('SCRIPT_BROKEN_BY_WRAPPER').places.map(({ path }) => path)).toEqual(['bin/broken'])
    for (const name of ['works', 'works-too']) {
      const { stdout } = await run(join(venv, 'bin', name), [])
      expect(stdout.toString()).toBe('works\n')
    }
    await expect(run(join(venv, 'bin', 'broken'), [])).rejects.toThrow(/SyntaxError/)
  })
})

it('symlinks to the interpreter are not findings, whatever their names are', async () => {
  await template.copied(async (venv) => {
    await symlink('python', join(venv, 'bin', '𝜋thon'))
    await symlink('/usr/bin/python3', join(venv, 'bin', 'graalpy'))
    await symlink('../bin/python3', join(venv, 'lib', 'interpreter'))
    expect((await checked(venv, ['--strict'])).found).toEqual(always)
    await symlink('/usr/bin/env', join(venv, 'bin', 'other'))
    expect((await checked(venv)).of('LINK_OUTSIDE').places.map(({ path }) => path)).toEqual(['bin/other'])
  })
})
