/** Tests renewing an image while jobs use it: `pack --force`, `pack --keep`, and `rollback`. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  chmod,
  chown,
  copyFile,
  mkdir,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises'
import { join } from 'node:path'
import { run, withDirectory, withMount, withTmpfs } from 'fixtures'
import { describe, expect, it } from 'vitest'
import { type Ended, type Surroundings, venvPacker } from './command.js'

/** Calls a function with a directory that contains a minimal environment. */
async function withVenv(use: (cwd: string) => Promise<void>): Promise<void> {
  await withDirectory(async (cwd) => {
    await makeVenv(cwd)
    await use(cwd)
  })
}

async function makeVenv(cwd: string): Promise<void> {
  await mkdir(join(cwd, '.venv'))
  await writeFile(join(cwd, '.venv', 'pyvenv.cfg'), 'home = /usr/bin\nrelocatable = true\n')
}

/** Packs the environment with another content. */
async function pack(cwd: string, content: string, ...options: readonly string[]): Promise<Ended> {
  await writeFile(join(cwd, '.venv', 'version'), content)
  return await venvPacker(['pack', '.venv', ...options], { cwd })
}

/** Packs several contents, one after the other. */
async function packAll(
  cwd: string,
  contents: readonly string[],
  ...options: readonly string[]
): Promise<void> {
  for (const content of contents) expect(await pack(cwd, content, ...options)).toMatchObject({ code: 0 })
}

/** The content of the images of a directory, by name. */
async function contents(cwd: string): Promise<Record<string, string>> {
  const images = (await readdir(cwd)).filter((name) => name.includes('.squashfs')).sort()
  const entries = images.map(async (name) => [name, await contentOf(join(cwd, name))])
  return Object.fromEntries(await Promise.all(entries))
}

async function contentOf(image: string): Promise<string> {
  const { stdout } = await run('unsquashfs', ['-q', '-cat', image, 'version'])
  return stdout.toString()
}

async function rollback(cwd: string, ...args: readonly string[]): Promise<Ended> {
  return await venvPacker(['rollback', 'venv.squashfs', ...args], { cwd })
}

/** A job that reads a tree repeatedly, and stops if it has changed. */
const job = `
import hashlib, os, sys, threading
def digest(directory):
    total = hashlib.sha256()
    for place, directories, files in os.walk(directory):
        directories.sort()
        for name in sorted(files):
            with open(os.path.join(place, name), 'rb') as file:
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
                total.update(name.encode() + file.read())
    return total.hexdigest()
first = digest(sys.argv[1])
stop = threading.Event()
threading.Thread(target=lambda: (sys.stdin.read(), stop.set()), daemon=True).start()
rounds = 0
print('begun', flush=True)
while not stop.is_set() or rounds < 3:
    assert digest(sys.argv[1]) == first, 'the mounted image changed'
    rounds += 1
print(rounds)
`

async function startJob(directory: string): Promise<{ readonly end: () => Promise<number> }> {
  const child: ChildProcess = spawn('python3', ['-c', job, directory], { stdio: ['pipe', 'pipe', 'inherit'] })
  let said = ''
  child.stdout?.on('data', (text: Buffer) => {
    said += text.toString()
  })
  const closed = once(child, 'close')
  await once(child.stdout!, 'data')
  return {
    end: async () => {
      child.stdin?.end()
      expect(await closed).toEqual([0, null])
      return Number(said.split('\n')[1])
    },
  }
}

describe('a job keeps the image that it has mounted', () => {
  it.each([
    ['pack --force', ['--force']],
    ['pack --keep, also when it removes the image from the kept ones', ['--keep', '1']],
  ])('before, while and after it is renewed by %s', async (_, options) => {
    await withVenv(async (cwd) => {
      await writeFile(join(cwd, '.venv', 'data'), 'old '.repeat(500_000))
      await packAll(cwd, ['old'])
      await withMount(join(cwd, 'venv.squashfs'), async (mounted) => {
        const reading = await startJob(mounted)
        await writeFile(join(cwd, '.venv', 'data'), 'new '.repeat(400_000))
        await packAll(cwd, ['new', 'newer', 'newest'], ...options)
        expect(await readFile(join(mounted, 'version'), 'utf8')).toBe('old')
        expect(await reading.end()).toBeGreaterThanOrEqual(3)
      })
      await withMount(join(cwd, 'venv.squashfs'), async (mounted) => {
        expect(await readFile(join(mounted, 'version'), 'utf8')).toBe('newest')
        expect((await stat(join(mounted, 'data'))).size).toBe(1_600_000)
      })
    })
  })

  it('before, during and after a rollback', async () => {
    await withVenv(async (cwd) => {
      await packAll(cwd, ['old', 'new'], '--keep', '1')
      await withMount(join(cwd, 'venv.squashfs'), async (mounted) => {
        const reading = await startJob(mounted)
        expect(await rollback(cwd)).toMatchObject({ code: 0 })
        expect(await readFile(join(mounted, 'version'), 'utf8')).toBe('new')
        await reading.end()
      })
      await withMount(join(cwd, 'venv.squashfs'), async (mounted) => {
        expect(await readFile(join(mounted, 'version'), 'utf8')).toBe('old')
      })
    })
  })
})

describe('pack --keep', () => {
  it('keeps n previous images under growing numbers, and removes the oldest', async () => {
    await withVenv(async (cwd) => {
      await packAll(cwd, ['a'], '--keep', '2')
      expect(await contents(cwd)).toEqual({ 'venv.squashfs': 'a' })
      await packAll(cwd, ['b', 'c', 'd'], '--keep', '2')
      expect(await contents(cwd)).toEqual({
        'venv.squashfs': 'd',
        'venv.squashfs.2': 'b',
        'venv.squashfs.3': 'c',
      })
      await packAll(cwd, ['e'], '--keep', '1')
      expect(await contents(cwd)).toEqual({ 'venv.squashfs': 'e', 'venv.squashfs.4': 'd' })
      await packAll(cwd, ['f'], '--force')
      expect(await contents(cwd)).toEqual({ 'venv.squashfs': 'f', 'venv.squashfs.4': 'd' })
    })
  })

  it('reports what it kept and removed, as text and as JSON', async () => {
    await withVenv(async (cwd) => {
      await packAll(cwd, ['a', 'b'], '--keep', '1')
      const { stdout } = await pack(cwd, 'c', '--keep', '1')
      expect(stdout).toContain(
        '\n  kept       the previous image as venv.squashfs.2; to go back: venv-packer rollback venv.squashfs' +
          '\n  removed    venv.squashfs.1\n',
      )
      const { image } = JSON.parse((await pack(cwd, 'd', '--keep', '1', '--json')).stdout)
      const path = join(cwd, 'venv.squashfs')
      expect(image).toMatchObject({
        path,
        replaced: true,
        keptAs: `${path}.3`,
        removed: [`${path}.2`],
        remaining: [],
      })
    })
  })

  it('removes only complete images with numbered names', async () => {
    await withVenv(async (cwd) => {
      const image = join(cwd, 'venv.squashfs')
      await packAll(cwd, ['a'])
      const whole = await readFile(image)
      await writeFile(`${image}.1`, 'notes')
      await writeFile(`${image}.2`, whole.subarray(0, 200))
      await mkdir(`${image}.3`)
      await symlink('venv.squashfs', `${image}.4`)
      for (const ending of ['.20250131', '.05', '.bak', '.1.gz', '-1']) await copyFile(image, image + ending)
      await copyFile(image, join(cwd, 'env.squashfs.1'))
      const before = await readdir(cwd)
      await packAll(cwd, ['b', 'c', 'd'], '--keep', '1')
      expect((await readdir(cwd)).sort()).toEqual([...before, 'venv.squashfs.7'].sort())
      expect(await contentOf(`${image}.7`)).toBe('c')
    })
  })

  it('keeps an image under the image name at all times, and so does a rollback', async () => {
    await withVenv(async (cwd) => {
      await packAll(cwd, ['a'])
      const watch = `
import os, sys, threading
stop = threading.Event()
threading.Thread(target=lambda: (sys.stdin.read(), stop.set()), daemon=True).start()
print('begun', flush=True)
while not stop.is_set():
    os.stat(sys.argv[1])`
      const watcher = spawn('python3', ['-c', watch, join(cwd, 'venv.squashfs')], { stdio: 'pipe' })
      const closed = once(watcher, 'close')
      await once(watcher.stdout, 'data')
      await packAll(cwd, ['b', 'c', 'd'], '--keep', '1')
      for (let n = 0; n < 3; n++) await rollback(cwd)
      watcher.stdin.end()
      expect(await closed).toEqual([0, null])
    })
  })

  it('loses no image when it is killed before the rename, and counts none twice', async () => {
    await withVenv(async (cwd) => {
      await packAll(cwd, ['a', 'b'], '--keep', '2')
      await writeFile(join(cwd, '.venv', 'version'), 'c')
      const killed = await venvPacker(['pack', '.venv', '--keep', '2'], { cwd, ...killedAtRename })
      expect(killed.code).toBe('SIGKILL')
      expect(await contents(cwd)).toMatchObject({
        'venv.squashfs': 'b',
        'venv.squashfs.1': 'a',
        'venv.squashfs.2': 'b',
      })
      expect(await keptNumbers(cwd)).toEqual([1])
      await packAll(cwd, ['d'], '--keep', '2')
      expect(await contents(cwd)).toEqual({
        'venv.squashfs': 'd',
        'venv.squashfs.1': 'a',
        'venv.squashfs.2': 'b',
      })
    })
  })

  it('keeps the old image once if two runs renew it at the same time, and both write complete images', async () => {
    await withVenv(async (cwd) => {
      await packAll(cwd, ['a'])
      for (const name of ['x', 'y']) {
        await mkdir(join(cwd, name))
        await makeVenv(join(cwd, name))
        await writeFile(join(cwd, name, '.venv', 'version'), name)
      }
      const renewed = await Promise.all(
        ['x', 'y'].map((name) =>
          venvPacker(['pack', `${name}/.venv`, '-o', 'venv.squashfs', '--keep', '3'], { cwd }),
        ),
      )
      expect(renewed.map(({ code }) => code)).toEqual([0, 0])
      const { 'venv.squashfs': now, ...kept } = await contents(cwd)
      expect(['x', 'y']).toContain(now)
      expect(kept['venv.squashfs.1']).toBe('a')
      expect(Object.values(kept).filter((content) => content === 'a')).toHaveLength(1)
    })
  })

  it("keeps a copy if a hard link is not allowed's file", async () => {
    await withVenv(async (cwd) => {
      const image = join(cwd, 'venv.squashfs')
      await packAll(cwd, ['a'])
      await chown(image, 1234, 1234)
      await utimes(image, 1_600_000_000, 1_600_000_000)
      const { ino } = await stat(image)
      await writeFile(join(cwd, '.venv', 'version'), 'b')
      const args = ['pack', '.venv', '--keep', '1']
      expect(await venvPacker(args, { cwd, boundByPermissions: true })).toMatchObject({ code: 0, stderr: '' })
      expect(await contents(cwd)).toEqual({ 'venv.squashfs': 'b', 'venv.squashfs.1': 'a' })
      const kept = await stat(`${image}.1`)
      expect(kept.ino).not.toBe(ino)
      expect(kept.mtimeMs).toBe(1_600_000_000_000)
    })
  })

  it('keeps the old image and removes all else if there is no space to keep it', async () => {
    await withTmpfs(async (small) => {
      await withVenv(async (cwd) => {
        const image = join(small, 'venv.squashfs')
        const args = ['pack', '.venv', '-o', image, '--keep', '1']
        await writeFile(join(cwd, '.venv', 'noise'), crypto.getRandomValues(new Uint8Array(65_536)))
        await writeFile(join(cwd, '.venv', 'more'), crypto.getRandomValues(new Uint8Array(65_536)))
        expect(await venvPacker(args, { cwd })).toMatchObject({ code: 0 })
        const old = await readFile(image)
        await chown(image, 1234, 1234)
        for (const name of ['noise', 'more']) await rm(join(cwd, '.venv', name))
        const { code, stderr } = await venvPacker(args, { cwd, boundByPermissions: true })
        expect({ code, stderr }).toEqual({
          code: 1,
          stderr: expect.stringContaining(
            `venv-packer: ${image} cannot be kept as venv.squashfs.1, and was not replaced: ` +
              'no space left on the device\n  Free some space there.\n',
          ),
        })
        expect(await readdir(small)).toEqual(['venv.squashfs'])
        expect((await readFile(image)).equals(old)).toBe(true)
      })
    }, '200k')
  })

  it('reports an old image that it could not remove, which is not an error', async () => {
    await withVenv(async (cwd) => {
      await packAll(cwd, ['a', 'b'], '--keep', '1')
      const oldest = join(cwd, 'venv.squashfs.1')
      await run('mount', ['--bind', oldest, oldest]) // a mount point cannot be removed
      try {
        const { code, stdout } = await pack(cwd, 'c', '--keep', '1')
        expect(code).toBe(0)
        expect(stdout).toContain('\n  remaining  1\n             venv.squashfs.1: it is in use\n')
      } finally {
        await run('umount', [oldest])
      }
    })
  })
})

describe('rollback', () => {
  it('goes back to the newest kept image and keeps the current one, so that a second rollback undoes it', async () => {
    await withVenv(async (cwd) => {
      await packAll(cwd, ['a', 'b', 'c'], '--keep', '2')
      const { code, stdout, stderr } = await rollback(cwd)
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
      expect(stdout).toMatch(
        /^venv\.squashfs is again the image that was kept as venv\.squashfs\.2 \(packed \d{4}-\d\d-\d\d \d\d:\d\d, 4\.1 kB\)\n/,
      )
      expect(stdout).toContain(
        '\n  replaced   kept as venv.squashfs.3; jobs that have it mounted are not affected' +
          '\n  to undo    venv-packer rollback venv.squashfs --to 3\n',
      )
      expect(await contents(cwd)).toEqual({
        'venv.squashfs': 'b',
        'venv.squashfs.1': 'a',
        'venv.squashfs.3': 'c',
      })
      await rollback(cwd)
      expect(await contents(cwd)).toMatchObject({ 'venv.squashfs': 'c', 'venv.squashfs.4': 'b' })
      // The next renewal keeps the image that was replaced as the newest.
      await rollback(cwd, '--to', '1')
      await packAll(cwd, ['d'], '--keep', '2')
      expect(await contents(cwd)).toEqual({
        'venv.squashfs': 'd',
        'venv.squashfs.5': 'c',
        'venv.squashfs.6': 'a',
      })
    })
  })

  it('goes back to another one with --to', async () => {
    await withVenv(async (cwd) => {
      await packAll(cwd, ['a', 'b', 'c'], '--keep', '2')
      expect(await rollback(cwd, '--to', '1', '--quiet')).toEqual({ code: 0, stdout: '', stderr: '' })
      expect(await contentOf(join(cwd, 'venv.squashfs'))).toBe('a')
      expect(await rollback(cwd, '--to', '1')).toEqual({
        code: 1,
        stdout: '',
        stderr: expect.stringContaining(
          'venv-packer: no image of venv.squashfs is kept under the number 1\n  Kept numbers: 3, 2. --list shows details.\n',
        ),
      })
    })
  })

  it('--list shows number, date and size, the newest first, and changes nothing', async () => {
    await withVenv(async (cwd) => {
      await packAll(cwd, ['a', 'b', 'c'], '--keep', '2')
      await utimes(join(cwd, 'venv.squashfs.1'), 0, Date.UTC(2025, 0, 31, 9, 5) / 1000)
      const before = await contents(cwd)
      const { stdout } = await venvPacker(['rollback', 'venv.squashfs', '--list'], {
        cwd,
        env: { TZ: 'UTC' },
      })
      const lines = stdout.split('\n')
      expect(lines[0]).toBe('image             packed             size')
      expect(lines[1]).toMatch(/^venv\.squashfs {5}20\d\d-\d\d-\d\d \d\d:\d\d {3}4\.1 kB$/)
      expect(lines[2]).toMatch(/^venv\.squashfs\.2 {3}20\d\d-/)
      expect(lines.slice(3)).toEqual([
        'venv.squashfs.1   2025-01-31 09:05   4.1 kB',
        '',
        'To go back to 2:  venv-packer rollback venv.squashfs',
        'To go back to 1:  venv-packer rollback venv.squashfs --to 1',
        '',
      ])
      expect(await contents(cwd)).toEqual(before)
    })
  })

  it('prints JSON with --json', async () => {
    await withVenv(async (cwd) => {
      await packAll(cwd, ['a', 'b', 'c'], '--keep', '2')
      const path = join(cwd, 'venv.squashfs')
      const facts = { bytes: 4096, written: expect.stringMatching(/^\d{4}-.*Z$/) }
      const listed = await rollback(cwd, '--list', '--json')
      expect(listed.stdout).toMatch(/^\{.*\}\n$/)
      expect(JSON.parse(listed.stdout)).toEqual({
        ok: true,
        command: 'rollback',
        version: expect.any(String),
        image: { path, ...facts },
        restored: null,
        replaced: null,
        kept: [
          { number: 2, path: `${path}.2`, ...facts },
          { number: 1, path: `${path}.1`, ...facts },
        ],
      })
      expect(JSON.parse((await rollback(cwd, '--json')).stdout)).toMatchObject({
        restored: 2,
        replaced: `${path}.3`,
        kept: [{ number: 3 }, { number: 1 }],
      })
    })
  })

  it('restores an image that was removed by mistake', async () => {
    await withVenv(async (cwd) => {
      await packAll(cwd, ['a', 'b'], '--keep', '2')
      await rm(join(cwd, 'venv.squashfs'))
      expect((await rollback(cwd, '--list')).stdout).toMatch(/\nvenv\.squashfs {5}no whole image\n/)
      expect(await rollback(cwd)).toMatchObject({ code: 0, stdout: expect.stringMatching(/^[^\n]*\n$/) })
      expect(await contents(cwd)).toEqual({ 'venv.squashfs': 'a' })
    })
  })

  it('of a symlink changes its target, not the symlink', async () => {
    await withVenv(async (cwd) => {
      await mkdir(join(cwd, 'images'))
      await symlink('images/v1', join(cwd, 'current'))
      await packAll(cwd, ['a'], '-o', 'images/v1')
      await packAll(cwd, ['b'], '-o', 'current', '--keep', '1')
      expect((await readdir(join(cwd, 'images'))).sort()).toEqual(['v1', 'v1.1'])
      expect(await venvPacker(['rollback', 'current'], { cwd })).toMatchObject({ code: 0 })
      expect(await contentOf(join(cwd, 'current'))).toBe('a')
      expect((await readdir(join(cwd, 'images'))).sort()).toEqual(['v1', 'v1.2'])
    })
  })

  it('that is killed loses nothing, and can be repeated', async () => {
    await withVenv(async (cwd) => {
      await packAll(cwd, ['a', 'b'], '--keep', '2')
      const killed = await venvPacker(['rollback', 'venv.squashfs'], { cwd, ...killedAtRename })
      expect(killed.code).toBe('SIGKILL')
      expect(await contentOf(join(cwd, 'venv.squashfs'))).toBe('b')
      expect(await keptNumbers(cwd)).toEqual([1])
      expect(await rollback(cwd)).toMatchObject({ code: 0 })
      expect(await contents(cwd)).toEqual({ 'venv.squashfs': 'a', 'venv.squashfs.2': 'b' })
    })
  })

  it('is refused if no image is kept, or the directory cannot be changed', async () => {
    await withVenv(async (cwd) => {
      await packAll(cwd, ['a'])
      const refused = async (...args: readonly string[]): Promise<string> => {
        const { code, stdout, stderr } = await venvPacker(['rollback', ...args], {
          cwd,
          boundByPermissions: true,
        })
        expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
        return stderr
      }
      expect(await refused('venv.squashfs')).toContain(
        'venv-packer: no previous image of venv.squashfs is kept\n' +
          '  To keep images from now on, use venv-packer pack VENV --keep 2.\n',
      )
      expect(await refused('x.squashfs')).toContain(
        'venv-packer: x.squashfs does not exist\n  Give the path of an image.\n',
      )
      expect(await refused('x/y')).toContain(
        'venv-packer: x/y does not exist\n  Give the path of an image.\n',
      )
      expect(await refused('.venv')).toContain(
        'venv-packer: .venv is not a file\n  Give the path of an image.\n',
      )
      await packAll(cwd, ['b'], '--keep', '1')
      expect(await refused('venv.squashfs.1')).toContain(
        '\n  Did you mean venv-packer rollback venv.squashfs --to 1?\n',
      )
      await chmod(cwd, 0o555)
      expect(await refused('venv.squashfs')).toContain(
        `venv-packer: ${join(cwd, 'venv.squashfs')} cannot be kept as venv.squashfs.2, and was not replaced: ` +
          'permission denied\n  Get the rights to its directory, or do it as another user.\n',
      )
    })
    await withTmpfs(async (cwd) => {
      await makeVenv(cwd)
      await packAll(cwd, ['a', 'b'], '--keep', '1')
      await run('mount', ['-o', 'remount,ro', cwd])
      expect((await rollback(cwd)).stderr).toMatch(
        /the file system is read-only\n {2}Do it where the file system is writable\.\n {4}\S.*\n$/,
      )
    })
  })
})

/** Kills the process at the rename, like a power failure. */
const killedAtRename: Surroundings = {
  env: {
    NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(`
      import { syncBuiltinESMExports } from 'node:module'
      import promises from 'node:fs/promises'
      promises.rename = () => process.kill(process.pid, 'SIGKILL')
      syncBuiltinESMExports()`)}`,
  },
}

async function keptNumbers(cwd: string): Promise<readonly number[]> {
  const { kept } = JSON.parse((await rollback(cwd, '--list', '--json')).stdout)
  return kept.map(({ number }: { readonly number: number }) => number)
}
