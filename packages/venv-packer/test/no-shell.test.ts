/** Tests that no command line goes through a shell, so that names are never interpreted. */
import { mkdir, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import glob from 'fast-glob'
import { withDirectory } from 'fixtures'
import { describe, expect, it } from 'vitest'
import { venvPacker } from './command.js'

const packages = fileURLToPath(new URL('../..', import.meta.url))
const sources = ['{venv-packer,squashfs-writer}/src/**/*.ts', 'venv-packer/bin/*']

describe('no source of the command or of the library', () => {
  it('starts a shell with a command line: programs get lists of arguments', async () => {
    const files = await glob(sources, { cwd: packages, ignore: ['**/*.test.ts'] })
    const found = await Promise.all(
      files.map(async (file) => {
        const code = await readFile(join(packages, file), 'utf8')
        const names = /import \{([^}]*)\} from 'node:child_process'/.exec(code)?.[1]?.match(/\w+(?=,|\s*$)/g)
        return { file, names: names ?? [], shell: /\bshell: (?!Shell)|process\.binding/.test(code) }
      }),
    )
    expect(found.filter(({ shell }) => shell)).toEqual([])
    const starters = found.filter(({ names }) => names.length > 0)
    expect(starters.length).toBeGreaterThan(0)
    const used = new Set(starters.flatMap(({ names }) => names))
    expect([...used].filter((name) => /^[a-z]/.test(name)).sort()).toEqual(['execFile', 'spawn'])
  })
})

describe('a name that a shell would run', () => {
  it.each(['$(touch pwned)', ';touch pwned;', '\ntouch pwned\n', '\'"; touch pwned #', '-rf'])(
    '%j is the name of a directory, an image and a kept image, and nothing more',
    async (name) => {
      await withDirectory(async (cwd) => {
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
