import { createHash } from 'node:crypto'
import {
  chmod,
  mkdir,
  mkdtemp,
  readFile,
  realpath,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { rewritePaths } from './rewrite-paths.js'

let directory: string

beforeEach(async () => {
  directory = await realpath(await mkdtemp(join(tmpdir(), 'moved-paths-')))
})

afterEach(() => rm(directory, { recursive: true, force: true }))

async function file(path: string, content: string | Buffer): Promise<string> {
  const full = join(directory, path)
  await mkdir(dirname(full), { recursive: true })
  await writeFile(full, content)
  await utimes(full, 1_500_000_000, 1_500_000_000)
  return full
}

it('replaces the old path in text files, and keeps mode and time', async () => {
  const script = await file('bin/tool', `#!${directory}/bin/python\n# ${directory}\n`)
  await chmod(script, 0o750)
  const latin = await file('bin/latin', Buffer.from(`\xe9 ${directory}/x`, 'latin1'))
  const other = await file('lib/other.txt', '/somewhere/else\n')
  await symlink(`${directory}/bin/tool`, join(directory, 'bin', 'link'))
  await rewritePaths(directory, '/opt/py')
  expect(await readFile(script, 'utf8')).toBe('#!/opt/py/bin/python\n# /opt/py\n')
  expect(await readFile(latin, 'latin1')).toBe('\xe9 /opt/py/x')
  expect(await readFile(other, 'utf8')).toBe('/somewhere/else\n')
  expect(await stat(script)).toMatchObject({ mode: 0o100750, mtimeMs: 1_500_000_000_000 })
})

it('does not change binary files', async () => {
  const content = Buffer.from(`\x7fELF\0${directory}\0`)
  const library = await file('lib/x.so', content)
  await rewritePaths(directory, '/opt/py')
  expect((await readFile(library)).equals(content)).toBe(true)
})

it('corrects the RECORD lines of the files that it changed, and no others', async () => {
  const script = await file('bin/tool', `#!${directory}/bin/python\n`)
  const record = await file(
    'lib/python3/site-packages/tool-1.0.dist-info/RECORD',
    'tool.py,sha256=abc,12\r\n../../../bin/tool,sha256=old,99\r\n"a, b.py",sha256=def,1\r\ntool-1.0.dist-info/RECORD,,\r\n',
  )
  await rewritePaths(directory, '/opt/py')
  const content = await readFile(script)
  const hash = createHash('sha256').update(content).digest('base64url')
  expect(await readFile(record, 'utf8')).toBe(
    `tool.py,sha256=abc,12\r\n../../../bin/tool,sha256=${hash},${content.length}\r\n` +
      '"a, b.py",sha256=def,1\r\ntool-1.0.dist-info/RECORD,,\r\n',
  )
})
