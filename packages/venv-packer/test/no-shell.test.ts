/** Nothing goes through a shell: a name is a name, whatever a shell would make of it. */
import { mkdir, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import glob from 'fast-glob'
import { withFolder } from 'fixtures'
import { describe, expect, it } from 'vitest'
import { venvPacker } from './command.js'

const packages = fileURLToPath(new URL('../..', import.meta.url))
const sources = ['{venv-packer,squashfs-writer}/src/**/*.ts', 'venv-packer/bin/*']

describe('no source of the command or of the library', () => {
  it('starts another program', async () => {
    const files = await glob(sources, { cwd: packages, ignore: ['**/*.test.ts'] })
    expect(files.length).toBeGreaterThan(80)
    const starters = /child_process|worker_threads|process\.binding/
    const found = await Promise.all(
      files.map(async (file) =>
        (await readFile(join(packages, file), 'utf8')).match(starters) ? [file] : [],
      ),
    )
    // Threads are the exception, and here to show that the search finds something.
    expect(found.flat().sort()).toEqual([
      'squashfs-writer/src/node/worker.ts',
      'squashfs-writer/src/node/workers.ts',
    ])
  })
})

describe('a name that a shell would run', () => {
  it.each(['$(touch pwned)', ';touch pwned;', '\ntouch pwned\n', '\'"; touch pwned #', '-rf'])(
    '%j is the name of a folder, an image and a kept image, and nothing more',
    async (name) => {
      await withFolder(async (cwd) => {
        await mkdir(join(cwd, name))
        const pack = [
          'pack',
          '--any-directory',
          '--keep',
          '1',
          '--exclude',
          name,
          '--output',
          `./${name}.squashfs`,
          '--',
          name,
        ]
        for (let n = 0; n < 2; n++)
          expect(await venvPacker(pack, { cwd })).toMatchObject({ code: 0, stderr: '' })
        expect((await readdir(cwd)).sort()).toEqual([name, `${name}.squashfs`, `${name}.squashfs.1`].sort())
      })
    },
  )
})
