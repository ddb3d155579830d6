/** Tests the commands that read an image: `list`, `cat`, `extract`, `verify`, `info`. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { chmod, mkdir, readdir, readFile, stat, symlink, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { NOBODY, run, SMALL_PACKAGE, smallVenv, withDirectory, withNobody } from 'fixtures'
import { writeImage } from 'squashfs-writer'
import { describe, expect, it } from 'vitest'
import { launcher, venvPacker } from './command.js'

const evil = 'evil\u001b[2J'

const TIME = 1_700_000_000
const HOUR = /\d{4}-\d\d-\d\d \d\d:\d\d/

/** Writes image.squashfs with an entry of each type. */
async function writeSample(cwd: string): Promise<void> {
  await writeImage(
    [
      { type: 'directory', path: '.', mode: 0o755, mtime: TIME },
      {
        type: 'file',
        path: 'directory/file',
        content: 'content\n',
        mode: 0o4755,
        uid: 1000,
        gid: 100,
        mtime: TIME,
      },
      { type: 'file', path: `directory/${evil}`, content: '', mtime: TIME },
      { type: 'directory', path: 'directory', mode: 0o1777, mtime: TIME },
      { type: 'symlink', path: 'link', target: 'directory', mtime: TIME },
      { type: 'hardlink', path: 'second', target: 'directory/file' },
      { type: 'character-device', path: 'null', major: 1, minor: 3, mode: 0o666, mtime: TIME },
      { type: 'fifo', path: 'pipe', mtime: TIME },
    ],
    join(cwd, 'image.squashfs'),
  )
}

async function withSample(use: (cwd: string) => Promise<void>): Promise<void> {
  await withDirectory(async (cwd) => {
    await writeSample(cwd)
    await use(cwd)
  })
}

/** Lines without the time, which depends on the time zone. */
const untimed = (text: string) => text.split('\n').map((line) => line.replace(HOUR, 'TIME'))

describe('list', () => {
  it('prints a directory like ls -l, and escapes control characters in names', async () => {
    await withSample(async (cwd) => {
      const root = await venvPacker(['list', 'image.squashfs'], { cwd })
      expect({ ...root, stdout: untimed(root.stdout) }).toEqual({
        code: 0,
        stderr: '',
        stdout: [
          'drwxrwxrwt 2    0   0   43 TIME directory',
          'lrwxrwxrwx 1    0   0    9 TIME link -> directory',
          'crw-rw-rw- 1    0   0 1, 3 TIME null',
          'prw-r--r-- 1    0   0    0 TIME pipe',
          '-rwsr-xr-x 2 1000 100    8 TIME second',
          '',
        ],
      })
      for (const path of ['directory', '/directory/', 'link/', 'directory/../link/.']) {
        const { stdout } = await venvPacker(['list', 'image.squashfs', path], { cwd })
        expect(untimed(stdout).slice(0, 1)).toEqual(
          path === 'directory/../link/.'
            ? ['lrwxrwxrwx 1 0 0 9 TIME link -> directory']
            : ['-rw-r--r-- 1    0   0 0 TIME evil\\x1b[2J'],
        )
      }
      const link = await venvPacker(['list', 'image.squashfs', 'link/file'], { cwd })
      expect(untimed(link.stdout)).toEqual(['-rwsr-xr-x 2 1000 100 8 TIME directory/file', ''])
    })
  })

  it('-R prints all subdirectories, like ls -lR', async () => {
    await withSample(async (cwd) => {
      const { stdout } = await venvPacker(['list', '-R', 'image.squashfs'], { cwd })
      const lines = untimed(stdout)
      expect([lines[0], lines[6], lines[7]]).toEqual(['.:', '', 'directory:'])
      expect(lines).toHaveLength(11)
    })
  })

  it('--json has one entry for each name', async () => {
    await withSample(async (cwd) => {
      const { stdout } = await venvPacker(['list', '-R', 'image.squashfs', '--json'], { cwd })
      const { entries, ...head } = JSON.parse(stdout)
      expect(head).toMatchObject({ ok: true, command: 'list', image: { path: join(cwd, 'image.squashfs') } })
      const paths = entries.map(({ path }: { path: string }) => path)
      expect(paths).toEqual([
        'directory',
        'link',
        'null',
        'pipe',
        'second',
        'directory/evil\\x1b[2J',
        'directory/file',
      ])
      expect(entries[4]).toEqual({
        ...entries[6],
        path: 'second',
      })
      expect(entries[6]).toMatchObject({
        type: 'file',
        mode: 0o4755,
        uid: 1000,
        gid: 100,
        size: 8,
        mtime: TIME,
        links: 2,
      })
      expect(entries[2]).toMatchObject({
        type: 'character-device',
        device: { major: 1, minor: 3 },
        target: null,
      })
      expect(entries[1]).toMatchObject({ type: 'symlink', target: 'directory' })
    })
  })

  it('reports a missing path, and a file that is not an image', async () => {
    await withSample(async (cwd) => {
      await writeFile(join(cwd, 'text'), 'text')
      for (const [args, message] of [
        [['image.squashfs', 'no/such'], 'there is no no/such in image.squashfs'],
        [['nothing.squashfs'], 'nothing.squashfs does not exist'],
        [['text'], 'text is not a squashfs image'],
        [['.'], '. is not a squashfs image'],
      ] as const) {
        const { code, stdout, stderr } = await venvPacker(['list', ...args], { cwd })
        expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
        expect(stderr).toContain(`venv-packer: ${message}`)
        expect(stderr.split('\n')).toHaveLength(4)
      }
      const json = await venvPacker(['list', 'nothing.squashfs', '--json'], { cwd })
      expect(JSON.parse(json.stdout)).toMatchObject({ ok: false, error: { code: 'NOT_FOUND' }, exitCode: 1 })
    })
  })
})

describe('cat', () => {
  it('writes the content of a file, and follows symlinks inside of the image', async () => {
    await withSample(async (cwd) => {
      for (const path of ['second', 'link/file', '/directory/file'])
        expect(await venvPacker(['cat', 'image.squashfs', path], { cwd })).toEqual({
          code: 0,
          stdout: 'content\n',
          stderr: '',
        })
    })
  })

  it('refuses anything but a file', async () => {
    await withSample(async (cwd) => {
      const { code, stderr } = await venvPacker(['cat', 'image.squashfs', 'directory'], { cwd })
      expect({ code, stderr: stderr.split('\n')[0] }).toEqual({
        code: 1,
        stderr: 'venv-packer: directory in image.squashfs is not a file',
      })
    })
  })
})

it.each([
  ['list', '-R', 'large.squashfs'],
  ['cat', 'large.squashfs', 'large'],
])('a reader that goes away early ends %s quietly, with 0', async (...args) => {
  await withDirectory(async (cwd) => {
    const names = Array.from({ length: 30_000 }, (_, n) => `names/${n}-${'x'.repeat(50)}`)
    await writeImage(
      [
        { type: 'file', path: 'large', content: new Uint8Array(64 << 20) },
        ...names.map((path) => ({ type: 'file', path, content: '' }) as const),
      ],
      join(cwd, 'large.squashfs'),
    )
    const child = spawn(process.execPath, [launcher, ...args], { cwd, stdio: ['ignore', 'pipe', 'pipe'] })
    let complaints = ''
    child.stderr.on('data', (piece: Buffer) => {
      complaints += piece
    })
    await once(child.stdout, 'data')
    child.stdout.destroy()
    const [code] = await once(child, 'close')
    expect({ code, complaints }).toEqual({ code: 0, complaints: '' })
  })
})

describe('extract', () => {
  it('writes an environment as it was packed', async () => {
    await withDirectory(async (cwd) => {
      await smallVenv(join(cwd, '.venv'))
      await venvPacker(['pack', '.venv'], { cwd })
      const { code, stdout, stderr } = await venvPacker(['extract', 'venv.squashfs', '-o', 'out'], { cwd })
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
      expect(stdout).toMatch(/^venv.squashfs extracted into out in /)
      await run('diff', ['-r', '--no-dereference', '.venv', 'out'], { cwd })
    })
  })

  it('extracts given paths, keeps existing files without --force, and follows no symlink', async () => {
    await withSample(async (cwd) => {
      const extract = (...args: string[]) => venvPacker(['extract', 'image.squashfs', ...args], { cwd })
      expect(await extract('directory/file', '-o', 'part', '--json')).toMatchObject({ code: 0 })
      expect(await readdir(join(cwd, 'part'), { recursive: true })).toEqual(['directory', 'directory/file'])
      const again = await extract('directory/file', '-o', 'part')
      expect(again.code).toBe(1)
      expect(again.stderr).toContain('part/directory/file: it exists')
      expect(again.stderr).toContain('--force')
      expect((await extract('directory/file', '-o', 'part', '--force', '-q')).stdout).toBe('')
      await mkdir(join(cwd, 'elsewhere'))
      await mkdir(join(cwd, 'trap'))
      await symlink('../elsewhere', join(cwd, 'trap', 'directory'))
      expect((await extract('-o', 'trap')).code).toBe(1)
      expect((await extract('-o', 'trap', '-f')).code).toBe(0)
      expect(await readdir(join(cwd, 'elsewhere'))).toEqual([])
      expect((await stat(join(cwd, 'trap', 'null'))).isCharacterDevice()).toBe(true)
      const missing = await extract('no/such', '-o', 'other')
      expect(missing.stderr).toContain('image.squashfs: there is no no/such in the image')
    })
  })

  it('extracts for an ordinary user what that user may create', async () => {
    await withSample(async (cwd) => {
      await withNobody(async ({ prefix: [program = '', ...prefix] }) => {
        await mkdir(join(cwd, 'theirs'))
        await chmod(cwd, 0o755)
        await chmod(join(cwd, 'theirs'), 0o777)
        const args = ['extract', join(cwd, 'image.squashfs'), '-o', join(cwd, 'theirs', 'out'), '--json']
        const { stdout } = await run(program, [...prefix, process.execPath, launcher, ...args])
        expect(JSON.parse(stdout.toString())).toMatchObject({
          files: 2,
          hardLinks: 1,
          skipped: [{ path: 'null', message: 'only root can make devices' }],
        })
        const file = await stat(join(cwd, 'theirs', 'out', 'directory', 'file'))
        // A program of another user must not run with the rights of this user.
        expect([file.uid, file.mode & 0o7777]).toEqual([NOBODY, 0o755])
      })
    })
  })

  it('names the path that cannot be written', async () => {
    await withSample(async (cwd) => {
      await writeFile(join(cwd, 'file'), '')
      const { code, stderr } = await venvPacker(['extract', 'image.squashfs', '-o', 'file'], { cwd })
      expect({ code, stderr }).toMatchObject({
        code: 1,
        stderr: expect.stringContaining('it is not a directory'),
      })
    })
  })
})

describe('verify', () => {
  it('says that an image is undamaged', async () => {
    await withSample(async (cwd) => {
      const { code, stdout } = await venvPacker(['verify', 'image.squashfs'], { cwd })
      expect({ code, stdout }).toEqual({
        code: 0,
        stdout: expect.stringMatching(/^image.squashfs is undamaged: 7 inodes, 1 data block \(/),
      })
      const json = await venvPacker(['verify', 'image.squashfs', '--json'], { cwd })
      expect(JSON.parse(json.stdout)).toMatchObject({ ok: true, passed: true, inodes: 7, problems: [] })
    })
  })

  it('names the damaged paths, and ends with 1', async () => {
    await withDirectory(async (cwd) => {
      const path = join(cwd, 'image.squashfs')
      const content = 'compressible '.repeat(20_000)
      await writeImage([{ type: 'file', path: 'directory/file', content }], path)
      const bytes = await readFile(path)
      bytes.fill(0xff, 102, 106) // the first block, behind the superblock and the compressor's options
      await writeFile(path, bytes)
      const { code, stdout } = await venvPacker(['verify', 'image.squashfs'], { cwd })
      expect(code).toBe(1)
      expect(stdout).toContain('  directory/file: ')
      expect(stdout).toContain('1 problem')
      expect(await venvPacker(['verify', '-q', 'image.squashfs'], { cwd })).toEqual({
        code: 1,
        stdout: '',
        stderr: '',
      })
      await truncate(path, 200)
      const cut = await venvPacker(['verify', 'image.squashfs'], { cwd })
      expect(cut.code).toBe(1)
      expect(cut.stderr).toMatch(
        /^venv-packer: image.squashfs: truncated: [\d,]+ of [\d,]+ bytes are missing/,
      )
    })
  })
})

describe('info', () => {
  it('prints the properties of an image, and the size of each package in it', async () => {
    await withDirectory(async (cwd) => {
      await smallVenv(join(cwd, '.venv'))
      const packed = await venvPacker(['pack', '.venv', '--level', '5', '--json'], { cwd })
      const { code, stdout } = await venvPacker(['info', 'venv.squashfs'], { cwd })
      expect(code).toBe(0)
      expect(stdout).toMatch(/^ {2}python {5}3\.\d+\.\d+$/m)
      expect(stdout).toContain('compressed zstd, level 5, in blocks of 128 KiB')
      expect(stdout).toMatch(new RegExp(`^ {2}${SMALL_PACKAGE} +1\\.0 +\\d+ +`, 'm'))
      const json = JSON.parse((await venvPacker(['info', 'venv.squashfs', '--json'], { cwd })).stdout)
      const { size } = await stat(join(cwd, 'venv.squashfs'))
      expect(json).toMatchObject({
        ok: true,
        venv: true,
        image: { bytes: size, compression: 'zstd', level: 5 },
      })
      // The sizes of packages are those that pack reported.
      expect(json.packages).toEqual(JSON.parse(packed.stdout).packages)
    })
  })

  it('says that an image contains no environment', async () => {
    await withSample(async (cwd) => {
      const { stdout } = await venvPacker(['info', 'image.squashfs'], { cwd })
      expect(stdout).toContain('no virtual environment')
      expect(existsSync(join(cwd, 'image.squashfs'))).toBe(true)
    })
  })
})
