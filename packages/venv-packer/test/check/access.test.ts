/** Tests findings about files that cannot be read, and files that do not belong in an environment. */
import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { run, withLustre } from 'fixtures'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { venvPacker } from '../command.js'
import { always, checked, fineTemplate, type Template } from './environments.js'

let template: Template
beforeAll(async () => {
  template = await fineTemplate()
})
afterAll(() => template.remove())

it('files and directories that cannot be read are errors, each with the reason', async () => {
  await template.copied(async (venv) => {
    await writeFile(join(venv, 'secret'), 'x', { mode: 0 })
    await writeFile(join(venv, 'bin', 'hidden'), '#!/bin/sh\n', { mode: 0 })
    await mkdir(join(venv, 'closed'), { mode: 0 })
    const { exitCode, found, of } = await checked(venv, [], { boundByPermissions: true })
    expect({ exitCode, found }).toEqual({ exitCode: 1, found: ['error UNREADABLE', ...always] })
    expect(of('UNREADABLE').places).toEqual(
      ['bin/hidden', 'closed', 'secret'].map((path) => ({ path, detail: 'permission denied' })),
    )
    const exclude = ['--exclude', 'secret', '--exclude', 'hidden', '--exclude', 'closed']
    expect((await checked(venv, exclude, { boundByPermissions: true })).found).toEqual(always)
  })
})

it('a file that changes during the check is a warning', async () => {
  await template.copied(async (venv) => {
    await writeFile(join(venv, 'bin', 'tool'), '#!/bin/sh\n')
    const onRead = [{ path: 'bin/tool', offset: 0, act: 'grow' }] as const
    await withLustre(venv, { onRead, xattrs: [] }, async ({ directory }) => {
      const { found, of } = await checked(directory)
      expect(found).toContain('warning CHANGING')
      expect(found).not.toContain('error UNREADABLE')
      expect(of('CHANGING').places).toMatchObject([
        { path: 'bin/tool', detail: expect.stringMatching(/^it grew from 10 to \d+ bytes after/) },
      ])
    })
  })
})

it('a file that only root may read is readable for root', async () => {
  await template.copied(async (venv) => {
    await writeFile(join(venv, 'secret'), 'x', { mode: 0 })
    expect((await checked(venv)).found).not.toContain('error UNREADABLE')
  })
})

it('a file that others cannot read is a note; with --owner root it is a warning, since its owner could not read it', async () => {
  await template.copied(async (venv, cwd) => {
    await chmod(join(venv, 'pyvenv.cfg'), 0o640)
    await run('chmod', ['-R', 'go-rwx', join(venv, 'bin')])
    const { found, of } = await checked(venv)
    expect(found).toEqual([...always, 'note NOT_FOR_OTHERS'])
    expect(of('NOT_FOR_OTHERS').places).toEqual([
      { path: 'bin', detail: '0700' },
      { path: 'pyvenv.cfg', detail: '0640' },
    ])
    const packed = await venvPacker(['pack', '.venv', '--owner', 'root'], { cwd })
    expect(packed.stdout).toContain('[NOT_FOR_OTHERS]')
    expect((await venvPacker(['pack', '.venv', '--force'], { cwd })).stdout).not.toContain('[NOT_FOR_OTHERS]')
  })
})

it('sockets, fifos and devices do not belong in an environment', async () => {
  await template.copied(async (venv) => {
    const server = createServer().listen(join(venv, 'socket'))
    try {
      await run('mkfifo', [join(venv, 'fifo')])
      await run('mknod', [join(venv, 'null'), 'c', '1', '3'])
      const { found, of } = await checked(venv)
      expect(found).toEqual(['warning SPECIAL_FILE', ...always])
      expect(of('SPECIAL_FILE').places).toEqual([
        { path: 'fifo', detail: 'fifo' },
        { path: 'null', detail: 'device' },
        { path: 'socket', detail: 'socket' },
      ])
    } finally {
      server.close()
    }
  })
})

it('names that are not UTF-8 are shown with their bytes, and control characters are escaped', async () => {
  await template.copied(async (venv, cwd) => {
    for (const bytes of [
      [0x61, 0xff],
      [0xc3, 0xa9],
      [0x1b, 0x5b, 0x32, 0x4a, 0xc3],
    ])
      await writeFile(Buffer.concat([Buffer.from(`${venv}/`), Buffer.from(bytes)]), '')
    const { found, of } = await checked(venv)
    expect(found).toEqual([...always, 'note NAME_NOT_UTF8'])
    expect(of('NAME_NOT_UTF8').places.map(({ path }) => path)).toEqual(['\\x1b[2J\\xc3', 'a\\xff'])
    const { stdout } = await venvPacker(['check', '.venv'], { cwd })
    expect(stdout).toContain('\\x1b[2J\\xc3, a\\xff\n')
    // biome-ignore lint/suspicious/noControlCharactersInRegex: that there are none is the point.
    expect(stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/)
  })
})
