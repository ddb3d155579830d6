/** Tests `venv-packer pack`: its image, its report, and its failures. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  appendFile,
  chmod,
  cp,
  mkdir,
  readdir,
  readFile,
  rename,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises'
import { join } from 'node:path'
import {
  differences,
  run,
  SMALL_PACKAGE,
  smallVenv,
  survey,
  unsquash,
  withDirectory,
  withTmpfs,
} from 'fixtures'
import { describe, expect, it } from 'vitest'
import { launcher, standIns, venvPacker } from './command.js'

/** Hides the binaries of the bundled zstd from Node. */
const WITHOUT_ZSTD_BINARY = `
const { _resolveFilename: resolve } = require('node:module')
require('node:module')._resolveFilename = (name, ...rest) => {
  if (/^@mongodb-js\\/zstd-/.test(name)) throw new Error('there is no binary')
  return resolve(name, ...rest)
}
`

/** Calls a function with a directory that contains a small environment `.venv`. */
async function withVenv(use: (directory: string) => Promise<void>): Promise<void> {
  await withDirectory(async (directory) => {
    await smallVenv(join(directory, '.venv'))
    await use(directory)
  })
}

/** The superblock, as unsquashfs prints it. */
async function imageFacts(image: string): Promise<string> {
  return (await run('unsquashfs', ['-s', image])).stdout.toString()
}

describe('the image', () => {
  it('contains the environment, entry by entry', async () => {
    await withVenv(async (cwd) => {
      expect(await venvPacker(['pack', '.venv'], { cwd })).toMatchObject({ code: 0, stderr: '' })
      await unsquash(join(cwd, 'venv.squashfs'), join(cwd, 'out'))
      expect(differences(await survey(join(cwd, '.venv')), await survey(join(cwd, 'out')))).toEqual([])
    })
  })

  it('is named after the directory, without its leading dot, in the current directory', async () => {
    await withVenv(async (cwd) => {
      const here = join(cwd, 'here')
      await mkdir(here)
      await venvPacker(['pack', '../.venv/'], { cwd: here })
      expect(await readdir(here)).toEqual(['venv.squashfs'])
      await rename(join(cwd, '.venv'), join(here, 'my env'))
      await venvPacker(['pack', 'my env///'], { cwd: here })
      await venvPacker(['pack', '.', '-o', '../dot.squashfs'], { cwd: join(here, 'my env') })
      expect((await readdir(here)).sort()).toEqual([
        'dot.squashfs',
        'my env',
        'my env.squashfs',
        'venv.squashfs',
      ])
    })
  })

  it('of a symlink contains its target, and has the name of the symlink', async () => {
    await withVenv(async (cwd) => {
      await symlink('.venv', join(cwd, 'current'))
      await venvPacker(['pack', 'current'], { cwd })
      await unsquash(join(cwd, 'current.squashfs'), join(cwd, 'out'))
      expect(await readdir(join(cwd, 'out'))).toContain('pyvenv.cfg')
    })
  })

  it('has the compressor, level and block size of the options', async () => {
    await withVenv(async (cwd) => {
      const facts = async (...options: string[]): Promise<string> => {
        await venvPacker(['pack', '.venv', '-o', 'x.squashfs', '--force', ...options], { cwd })
        return await imageFacts(join(cwd, 'x.squashfs'))
      }
      expect(await facts()).toMatch(/Compression zstd[\s\S]*level 3\n[\s\S]*Block size 131072/)
      expect(await facts('--level', '19')).toMatch(/Compression zstd[\s\S]*level 19\n/)
      expect(await facts('--compression', 'gzip', '--level', '1')).toMatch(/Compression gzip[\s\S]*level 1\n/)
      expect(await facts('--compression', 'none')).toMatch(/Data is uncompressed/)
      for (const [text, bytes] of Object.entries({ '4096': 4096, '64K': 65_536, '1M': 1_048_576 })) {
        expect(await facts('--block-size', text)).toContain(`Block size ${bytes}\n`)
      }
    })
  })

  it('is the same for every number of threads', async () => {
    await withVenv(async (cwd) => {
      const made = await Promise.all(
        ['1', '3'].map(async (threads) => {
          await venvPacker(['pack', '.venv', '-o', `${threads}.squashfs`, '--threads', threads], { cwd })
          return await readFile(join(cwd, `${threads}.squashfs`))
        }),
      )
      expect(made[0]!.equals(made[1]!)).toBe(true)
    })
  })

  it('leaves out paths that --exclude names, and xattrs with --no-xattrs; --owner sets the owner', async () => {
    await withTmpfs(async (cwd) => {
      await smallVenv(join(cwd, '.venv'))
      await run('python3', ['-c', 'import os; os.setxattr("pyvenv.cfg", "user.note", b"x")'], {
        cwd: join(cwd, '.venv'),
      })
      const options = [
        '--exclude',
        '*.csv',
        '--exclude',
        '**/__pycache__',
        '--no-xattrs',
        '--owner',
        '1234:5678',
      ]
      expect(await venvPacker(['pack', '.venv', ...options], { cwd })).toMatchObject({ code: 0 })
      await unsquash(join(cwd, 'venv.squashfs'), join(cwd, 'out'))
      const tree = await survey(join(cwd, 'out'))
      const names = [...tree.keys()]
      expect(names.some((name) => name.includes(SMALL_PACKAGE))).toBe(true)
      expect(names.filter((name) => /\.csv$|__pycache__/.test(name))).toEqual([])
      for (const node of tree.values()) {
        expect({ uid: node.uid, gid: node.gid, xattrs: node.xattrs.size }).toEqual({
          uid: 1234,
          gid: 5678,
          xattrs: 0,
        })
      }
    })
  })
})

/** Pastes a command line of the summary into a shell with standard input; returns the output. */
async function pasted(beginning: string, summary: string, cwd: string, input = ''): Promise<string> {
  const line = summary.split('\n').find((text) => text.startsWith(`  ${beginning} `))
  const env = { PATH: `${standIns}:${process.env.PATH}` }
  return (
    await run('bash', ['-c', line ?? `no line for ${beginning}`], { cwd, input, env })
  ).stdout.toString()
}

describe('the summary', () => {
  it('shows the input, the output, and how to mount the image', async () => {
    await withVenv(async (cwd) => {
      const { stdout } = await venvPacker(['pack', '.venv'], { cwd })
      expect(stdout).toMatch(/^venv\.squashfs written from \.venv in \d+\.\d s\n/)
      expect(stdout).toMatch(
        /\n {2}in {9}\d+ inodes, [\d.]+ kB \(\d+ files, \d+ directories, \d+ symlinks\)\n/,
      )
      expect(stdout).toMatch(/\n {2}out {8}1 inode, [\d.]+ kB, [\d.]+ % of the input \([\d.]+ : 1\)\n/)
      const [image, mount] = [join(cwd, 'venv.squashfs'), join(cwd, '.venv')]
      for (const line of [
        `venv-packer run ${image} -- python`,
        `uenv start --view=default prgenv-gnu/24.11:v1,${image}:${mount}`,
        `#SBATCH --uenv=prgenv-gnu/24.11:v1,${image}:${mount} --view=default`,
        `squashfs-mount ${image}:${mount} -- bash`,
        `apptainer exec --mount type=bind,src=${image},dst=${mount},image-src=/ CONTAINER.sif bash`,
        `mounts = ["${image}:${mount}:sqsh"]  # in the EDF of a container engine`,
        `sudo mount -t squashfs -o loop,ro,nosuid,nodev ${image} ${mount}`,
        `squashfuse ${image} ${mount}`,
      ]) {
        expect(stdout).toContain(`\n  ${line}\n`)
      }
      expect(stdout).toContain(`\nthen: source ${mount}/bin/activate\n`)
    })
  })

  it('has command lines that work when they are pasted into a shell, whatever the names are', async () => {
    await withDirectory(async (directory) => {
      const cwd = join(directory, "it's a\nstrange, \\ name $HOME \u001b[31m")
      await mkdir(join(cwd, '.venv', 'bin'), { recursive: true })
      await writeFile(join(cwd, '.venv', 'pyvenv.cfg'), 'home = /usr/bin\nrelocatable = true\n')
      await symlink('/usr/bin/python3', join(cwd, '.venv', 'bin', 'python'))
      const { stdout } = await venvPacker(['pack', '.venv'], { cwd })
      expect(stdout).toContain('uenv: not possible, it accepts paths of letters, digits and / . _ - only')
      expect(await pasted('mkdir', stdout, cwd)).toBe('')
      const mounted = join(cwd, 'venv')
      const prefix = 'import sys; print(sys.prefix)'
      expect(await pasted('venv-packer', stdout, cwd, prefix)).toMatch(/\/venv-packer-\d+\/\w{12}\/venv\n$/)
      expect(await pasted('squashfs-mount', stdout, cwd, 'ls venv')).toBe('bin\npyvenv.cfg\n')
      for (const [tool, type] of Object.entries({ 'sudo mount': 'squashfs', squashfuse: 'fuseblk' })) {
        await pasted(tool, stdout, cwd)
        try {
          const found = await run('stat', ['-f', '-c', '%T', mounted])
          expect(found.stdout.toString()).toBe(`${type}\n`)
          const python = await run(join(mounted, 'bin', 'python'), ['-c', prefix])
          expect(python.stdout.toString()).toBe(`${mounted}\n`)
        } finally {
          await run('umount', [mounted])
        }
      }
    })
  })

  it('mounts a relocatable environment beside its image, and has a command that makes the directory', async () => {
    await withVenv(async (cwd) => {
      await writeFile(join(cwd, '.venv', 'pyvenv.cfg'), 'home = /usr/bin\nrelocatable = true\n')
      const { stdout } = await venvPacker(['pack', '.venv', '-o', 'py.squashfs'], { cwd })
      expect(stdout).toContain('mount it at any directory')
      expect(stdout).toContain(`\n  mkdir -p ${cwd}/py\n`)
      expect(stdout).toContain(`\n  squashfuse ${cwd}/py.squashfs ${cwd}/py\n`)
    })
  })

  it('mounts it at --mount-point', async () => {
    await withVenv(async (cwd) => {
      await appendFile(join(cwd, '.venv', 'pyvenv.cfg'), 'relocatable = true\n')
      const line = ['pack', '.venv', '-f', '--mount-point', 'not/there']
      const { stdout } = await venvPacker(line, { cwd })
      const [image, point] = [join(cwd, 'venv.squashfs'), join(cwd, 'not/there')]
      expect(stdout).toContain(`\nor mount it at ${point}:\n\n  mkdir -p ${point}\n\n`)
      expect(stdout).toContain(`\n  squashfuse ${image} ${point}\n`)
      expect(stdout).toContain(`\nthen: source ${point}/bin/activate\n`)
      const { mount } = JSON.parse((await venvPacker([...line, '--json'], { cwd })).stdout)
      expect(mount).toMatchObject({
        point,
        commands: { slurm: expect.stringContaining(`${image}:${point} `) },
      })
    })
  })

  it('gives a mount point for a directory that is not an environment, also for venv-packer run', async () => {
    await withDirectory(async (cwd) => {
      await mkdir(join(cwd, 'data'))
      await writeFile(join(cwd, 'data', 'table'), 'content')
      const { stdout } = await venvPacker(['pack', 'data', '--any-directory', '-o', 'x.squashfs'], { cwd })
      expect(stdout).toContain(`\n  venv-packer run --at ${cwd}/x ${cwd}/x.squashfs -- bash\n`)
      await pasted('mkdir', stdout, cwd)
      expect(await pasted('venv-packer', stdout, cwd, 'cat x/table')).toBe('content')
    })
  })

  it('counts the xattrs that were left out, by name, and the duplicates', async () => {
    await withTmpfs(async (cwd) => {
      await mkdir(join(cwd, 'data'))
      for (const name of ['a', 'b', 'c']) {
        await writeFile(join(cwd, 'data', name), 'x'.repeat(300_000))
        await run('setfacl', ['-m', 'u:1234:r', join(cwd, 'data', name)])
      }
      const { stdout } = await venvPacker(['pack', 'data', '--any-directory'], { cwd })
      expect(stdout).toMatch(/\n {2}duplicates 2 files stored once only, [\d.]+ \w+ saved\n/)
      expect(stdout).toContain('\n  left out   xattrs system.posix_acl_access (3)\n')
      expect(stdout).not.toContain('bin/activate')
    })
  })

  it('and errors escape control characters in names', async () => {
    await withDirectory(async (cwd) => {
      const name = 'a\u001b[2J\nb'
      const { stderr } = await venvPacker(['pack', name], { cwd })
      expect(stderr).toContain('venv-packer: a\\x1b[2J\\nb does not exist\n')
      await mkdir(join(cwd, name))
      const { stdout } = await venvPacker(['pack', name, '--any-directory'], { cwd })
      // biome-ignore lint/suspicious/noControlCharactersInRegex: that there are none is the point.
      expect(stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f]/)
    })
  })

  it('is empty with --quiet', async () => {
    await withVenv(async (cwd) => {
      expect(await venvPacker(['pack', '.venv', '--quiet'], { cwd })).toEqual({
        code: 0,
        stdout: '',
        stderr: '',
      })
    })
  })

  it('has no control characters in a pipe', async () => {
    await withVenv(async (cwd) => {
      const { stdout, stderr } = await venvPacker(['pack', '.venv'], { cwd })
      expect(stderr).toBe('')
      // biome-ignore lint/suspicious/noControlCharactersInRegex: that there are none is the point.
      expect(stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/)
    })
  })

  it('may be cut off by its reader, which is not an error', async () => {
    await withVenv(async (cwd) => {
      const child = spawn(process.execPath, [launcher, 'pack', '.venv'], {
        cwd,
        stdio: ['ignore', 'pipe', 'pipe'],
      })
      child.stdout.destroy()
      const errors: Buffer[] = []
      child.stderr.on('data', (piece: Buffer) => errors.push(piece))
      expect(await once(child, 'close')).toEqual([0, null])
      expect(Buffer.concat(errors).toString()).toBe('')
    })
  })

  it('that cannot be written is a failure', async () => {
    await withVenv(async (cwd) => {
      const { stderr } = await run(
        'sh',
        ['-c', '"$@" > /dev/full', 'sh', process.execPath, launcher, 'pack', '.venv'],
        {
          cwd,
          allow: [1],
        },
      )
      expect(stderr).toContain('venv-packer: the report could not be written: ENOSPC')
    })
  })
})

describe('--json', () => {
  it('prints one object with the content of the summary, and nothing else', async () => {
    await withVenv(async (cwd) => {
      const { code, stdout, stderr } = await venvPacker(['pack', '.venv', '--json', '--quiet'], { cwd })
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
      expect(stdout).toMatch(/^\{.*\}\n$/)
      const report = JSON.parse(stdout)
      const [image, mount] = [join(cwd, 'venv.squashfs'), join(cwd, '.venv')]
      expect(report).toMatchObject({
        ok: true,
        command: 'pack',
        source: {
          path: mount,
          venv: true,
          relocatable: false,
          python: expect.stringMatching(/^3\.\d+\.\d+/),
        },
        image: { path: image, replaced: false, compression: 'zstd', level: 3, blockSize: 131_072 },
        devices: 0,
        ipc: 0,
        hardLinks: 0,
        bytesOut: (await stat(image)).size,
        duplicates: { files: expect.any(Number), bytes: expect.any(Number) },
        droppedXattrs: {},
        warnings: [],
        omitted: [],
        seconds: expect.any(Number),
        mount: { point: mount, anywhere: false, commands: { squashfuse: `squashfuse ${image} ${mount}` } },
      })
      const { stdout: found } = await run('find', [mount, '-exec', 'stat', '--format=%i', '{}', '+'])
      expect(report.inodes).toBe(new Set(found.toString().trim().split('\n')).size)
      expect(report.files + report.directories + report.symlinks).toBe(report.inodes)
    })
  })

  it('prints a failure as one object, too', async () => {
    await withDirectory(async (cwd) => {
      const { code, stdout, stderr } = await venvPacker(['pack', 'nothing', '--json'], { cwd })
      expect({ code, stderr }).toEqual({ code: 1, stderr: '' })
      expect(JSON.parse(stdout)).toMatchObject({
        ok: false,
        exitCode: 1,
        error: { code: 'NOT_FOUND', message: 'nothing does not exist', path: join(cwd, 'nothing') },
      })
    })
  })
})

describe('a refusal, with exit code 1 and a remedy', () => {
  const refusal = (error: string, remedy: string) => ({
    code: 1,
    stdout: '',
    stderr: expect.stringContaining(`venv-packer: ${error}\n  ${remedy}\n`),
  })

  it('an existing image, unless --force is given', async () => {
    await withVenv(async (cwd) => {
      await writeFile(join(cwd, 'venv.squashfs'), 'old')
      expect(await venvPacker(['pack', '.venv'], { cwd })).toEqual(
        refusal(
          'venv.squashfs exists already',
          'Add --force to replace it, --keep 1 to keep it as well, or name another with --output.',
        ),
      )
      expect(await readFile(join(cwd, 'venv.squashfs'), 'utf8')).toBe('old')
      const { code, stdout } = await venvPacker(['pack', '.venv', '--force'], { cwd })
      expect(code).toBe(0)
      expect(stdout).toMatch(/^venv\.squashfs replaced from \.venv in /)
      expect(await imageFacts(join(cwd, 'venv.squashfs'))).toContain('SQUASHFS 4:0')
    })
  })

  it('a directory that is not a virtual environment, unless --any-directory is given', async () => {
    await withDirectory(async (cwd) => {
      await mkdir(join(cwd, 'plain'))
      expect(await venvPacker(['pack', 'plain'], { cwd })).toEqual(
        refusal(
          'plain is not a virtual environment (it has no pyvenv.cfg)',
          'To pack plain as it is, add --any-directory.',
        ),
      )
      expect(await venvPacker(['pack', 'plain', '--any-directory'], { cwd })).toMatchObject({ code: 0 })
      expect(await readdir(cwd)).toEqual(['plain', 'plain.squashfs'])
    })
  })

  it('a project instead of its environment, or a directory inside of one: the message names the environment', async () => {
    await withVenv(async (cwd) => {
      const remedy = (await venvPacker(['pack', '.'], { cwd })).stderr.split('\n')[1]
      expect(remedy).toBe('  Did you mean .venv? To pack . as it is, add --any-directory.')
      const inside = await venvPacker(['pack', '.venv/bin'], { cwd })
      expect(inside.stderr).toContain('Did you mean .venv? ')
    })
  })

  it('a path that does not exist, and a file', async () => {
    await withVenv(async (cwd) => {
      expect((await venvPacker(['pack', 'venv'], { cwd })).stderr).toContain(
        'venv-packer: venv does not exist\n  Did you mean .venv? Give the directory of a venv.\n',
      )
      expect((await venvPacker(['pack', '.venv/pyvenv.cfg'], { cwd })).stderr).toMatch(
        /^venv-packer: \.venv\/pyvenv\.cfg is not a directory\n {2}Did you mean \.venv\? /,
      )
    })
  })

  it('an image inside of the packed directory, also through a symlink', async () => {
    await withVenv(async (cwd) => {
      await symlink('.venv/lib', join(cwd, 'lib'))
      for (const output of ['.venv/x.squashfs', 'lib/x.squashfs']) {
        expect(await venvPacker(['pack', '.venv', '-o', output], { cwd })).toEqual(
          refusal(
            `${output} lies inside the directory that is to be packed`,
            'Name a place outside of it with --output.',
          ),
        )
      }
      const { stderr } = await venvPacker(['pack', '.'], { cwd: join(cwd, '.venv') })
      expect(stderr).toContain('venv-packer: venv.squashfs lies inside')
    })
  })

  it('an image that is a directory, a device, a dangling symlink, or in a missing directory', async () => {
    await withVenv(async (cwd) => {
      await symlink('nothing', join(cwd, 'link'))
      const refused = async (output: string): Promise<string> =>
        (await venvPacker(['pack', '.venv', '--force', '-o', output], { cwd })).stderr
      expect(await refused('.')).toMatch(
        /^venv-packer: \. is a directory\n {2}Name a file: --output venv\.squashfs\n {4}venv-packer /,
      )
      expect(await refused('new/')).toMatch(/^venv-packer: new\/ is a directory\n/)
      expect(await refused('/dev/null')).toMatch(/is a device, pipe or socket/)
      expect(await refused('link')).toMatch(/is a symlink to nothing/)
      expect(await refused('a/b.squashfs')).toContain(
        'venv-packer: a/b.squashfs cannot be written: the directory does not exist\n' +
          '  Create it with mkdir -p, or name another place with --output.\n',
      )
      expect((await readdir(cwd)).sort()).toEqual(['.venv', 'link'])
    })
  })

  it('a destination that is full, read-only or not writable: the old image stays, and temporary files are removed', async () => {
    await withVenv(async (cwd) => {
      await cp('/usr/bin/python3', join(cwd, '.venv', 'large'), { dereference: true })
      await withTmpfs(async (small) => {
        await writeFile(join(small, 'venv.squashfs'), 'old')
        const args = ['pack', '.venv', '--force', '-o', join(small, 'venv.squashfs')]
        const full = await venvPacker([...args, '--json'], { cwd })
        expect(full.code).toBe(1)
        expect(JSON.parse(full.stdout).error).toMatchObject({
          code: 'DESTINATION',
          systemCode: 'ENOSPC',
          path: join(small, 'venv.squashfs'),
        })
        expect((await venvPacker(args, { cwd })).stderr).toMatch(
          /cannot be written: no space left on the device\n {2}Free some space there, or name another place with --output\.\n {4}\S.*\n$/,
        )
        expect(await readdir(small)).toEqual(['venv.squashfs'])
        expect(await readFile(join(small, 'venv.squashfs'), 'utf8')).toBe('old')
        await run('mount', ['-o', 'remount,ro', small])
        expect((await venvPacker(args, { cwd })).stderr).toContain('the file system is read-only')
      }, '1m')
      await chmod(cwd, 0o555)
      expect((await venvPacker(['pack', '.venv'], { cwd, boundByPermissions: true })).stderr).toMatch(
        /cannot be written: permission denied\n {2}Make the directory writable, or name another place/,
      )
    })
  })

  it('zstd if its library cannot be loaded; the remedy is gzip', async () => {
    await withVenv(async (cwd) => {
      const preload = join(cwd, 'no-binary.cjs')
      await writeFile(preload, WITHOUT_ZSTD_BINARY)
      const surroundings = { cwd, env: { NODE_OPTIONS: `--require ${preload}` } }
      const library = join(cwd, '.venv', 'lib', 'many')
      await mkdir(library, { recursive: true })
      for (let n = 0; n < 4000; n++) await writeFile(join(library, `${n}.txt`), `${n} `.repeat(200))
      // In the calling thread and in workers. Repeated, because workers end while others start.
      for (const threads of ['1', '3', '4', '5', '4', '5']) {
        const args = ['pack', '.venv', '--encoder', 'bundled', '--threads', threads]
        const { code, stdout, stderr } = await venvPacker(args, surroundings)
        expect([code, stdout]).toEqual([1, ''])
        expect(stderr).toMatch(
          /^venv-packer: the bundled zstd is not installed here, or has no binary for this machine\n.*--(compression gzip|encoder)/,
        )
      }
      expect(await readdir(cwd)).toEqual(['.venv', 'no-binary.cjs'])
      const gzip = await venvPacker(['pack', '.venv', '--compression', 'gzip'], surroundings)
      expect(gzip).toMatchObject({ code: 0, stderr: '' })
    })
  })

  it('an environment with files that cannot be read: the first ten are named, all of them with --json', async () => {
    await withVenv(async (cwd) => {
      for (let n = 0; n < 23; n++) {
        await writeFile(join(cwd, '.venv', `secret-${n}`), 'x', { mode: 0 })
      }
      const { code, stderr } = await venvPacker(['pack', '.venv'], { cwd, boundByPermissions: true })
      expect(code).toBe(1)
      const lines = stderr.trimEnd().split('\n')
      expect(lines[0]).toBe('venv-packer: 23 paths in .venv cannot be read; no image was written')
      expect(lines.slice(1, 11).every((line) => /^ {2}secret-\d+: /.test(line))).toBe(true)
      expect(lines.slice(11)).toEqual([
        '  and 13 more; --json lists them all',
        '  Make them readable (chmod, or as another user), or leave them out with --exclude.',
        '    chmod -R u+rX .venv && venv-packer pack .venv',
      ])
      const json = await venvPacker(['pack', '.venv', '--json'], { cwd, boundByPermissions: true })
      const { error } = JSON.parse(json.stdout)
      expect(error).toMatchObject({ code: 'UNREADABLE', path: join(cwd, '.venv') })
      expect(error.paths).toHaveLength(23)
      expect(error.paths[0]).toMatchObject({ path: expect.stringMatching(/secret-\d+$/), code: 'EACCES' })
      expect(await readdir(cwd)).toEqual(['.venv'])
      expect(
        await venvPacker(['pack', '.venv', '--exclude', 'secret-*'], { cwd, boundByPermissions: true }),
      ).toMatchObject({ code: 0 })
    })
  })

  it('the stack trace is printed only with --debug', async () => {
    await withDirectory(async (cwd) => {
      const plain = await venvPacker(['pack', 'nothing'], { cwd })
      expect(plain.stderr).not.toMatch(/\n\s+at /)
      const debug = await venvPacker(['pack', 'nothing', '--debug'], { cwd })
      expect(debug.stderr).toMatch(/^venv-packer: nothing does not exist\n[\s\S]*\n\s+at /)
    })
  })
})
