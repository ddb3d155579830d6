/** Tests the counts of the check, and the system calls that it makes. */
import { link, mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { referenceVenv, run, smallVenv, withDirectory, withLustre } from 'fixtures'
import { expect, it } from 'vitest'
import { checked } from './environments.js'

/** The command that cluster guides recommend for counting inodes. */
async function inodesAsCounted(directory: string): Promise<number> {
  const count = 'find "$VENV" -exec stat --format="%i" {} + | sort -u | wc -l'
  const { stdout } = await run('bash', ['-c', count], { env: { VENV: directory } })
  return Number(stdout.toString())
}

it('counts the inodes of a real environment as the file system does', async () => {
  const venv = await referenceVenv()
  const { json } = await checked(venv)
  expect(json.inodes).toBe(await inodesAsCounted(venv))
})

it('counts hard links, symlinks, fifos and names with any bytes as the file system does', async () => {
  await withDirectory(async (directory) => {
    const venv = join(directory, '.venv')
    await smallVenv(venv)
    await mkdir(join(venv, 'data'))
    await writeFile(join(venv, 'data', 'one'), 'x'.repeat(1000))
    await link(join(venv, 'data', 'one'), join(venv, 'data', 'two'))
    await link(join(venv, 'data', 'one'), join(venv, 'bin', 'three'))
    await symlink('one', join(venv, 'data', 'link'))
    await run('mkfifo', [join(venv, 'data', 'fifo')])
    for (const name of [Buffer.from([0xff, 0xfe]), Buffer.from('a\nb'), Buffer.from(' -rf *')])
      await writeFile(Buffer.concat([Buffer.from(`${venv}/data/`), name]), '')
    const { json } = await checked(venv)
    expect(json.inodes).toBe(await inodesAsCounted(venv))
    const { files, directories, symlinks, others, inodes, bytes } = json as Record<string, number>
    expect(files! + directories! + symlinks! + others!).toBe(inodes)
    const { stdout } = await run('find', [venv, '-type', 'f', '-printf', '%i %s\\n'])
    const sizes = new Map(
      stdout
        .toString()
        .trim()
        .split('\n')
        .map((line) => line.split(' ') as [string, string]),
    )
    expect(bytes).toBe([...sizes.values()].reduce((sum, size) => sum + Number(size), 0))
  })
})

it('does not count excluded entries', async () => {
  await withDirectory(async (directory) => {
    const venv = join(directory, '.venv')
    await smallVenv(venv)
    const all = (await checked(venv)).json.inodes as number
    await mkdir(join(venv, 'large', 'deep'), { recursive: true })
    await writeFile(join(venv, 'large', 'deep', 'file'), 'x')
    await writeFile(join(venv, 'bin', 'x.log'), 'x')
    expect((await checked(venv)).json.inodes).toBe(all + 4)
    expect((await checked(venv, ['--exclude', 'large', '--exclude', '*.log'])).json.inodes).toBe(all)
  })
})

it('on a network file system reads many entries at once, and opens only files that it must read', async () => {
  await withDirectory(async (directory) => {
    const venv = join(directory, '.venv')
    await smallVenv(venv)
    for (let n = 0; n < 400; n++) {
      await mkdir(join(venv, 'data', `${n % 80}`), { recursive: true })
      await writeFile(join(venv, 'data', `${n % 80}`, `${n}.csv`), 'x')
    }
    await withLustre(venv, { delay: 1, xattrs: [] }, async (lustre) => {
      await lustre.calls()
      await lustre.atOnce()
      const { json } = await checked(lustre.directory)
      expect(json.inodes).toBe(await inodesAsCounted(venv))
      expect(await lustre.atOnce()).toBeGreaterThanOrEqual(8)
      const calls = await lustre.calls()
      expect(calls.opendir).toBe(json.directories)
      // pyvenv.cfg, the scripts for three shells, RECORD, one .pyc; and Activate.ps1, which is in bin as well.
      expect(calls.open).toBeLessThanOrEqual(8)
    })
  })
})
