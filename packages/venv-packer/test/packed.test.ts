/** Tests both packages as they are published: packed and installed by npm, without install scripts, and used. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { copyPublished, PLAIN_NPM, PUBLISHED, run, smallVenv, unsquash } from 'fixtures'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

describe('the published packages, installed with plain npm in an empty directory', () => {
  let directory: string

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'venv-packer-published-'))
    await copyPublished(directory)
  })

  afterAll(() => rm(directory, { recursive: true, force: true }))

  it('do not refer to the workspace, and install only what they need', async () => {
    for (const name of PUBLISHED) {
      const installed = join(directory, 'node_modules', name)
      expect(await readFile(join(installed, 'package.json'), 'utf8')).not.toContain('workspace:')
      const { stdout } = await run('find', ['.', '-type', 'f', '-not', '-path', './node_modules/*'], {
        cwd: installed,
      })
      const files = stdout.toString().trim().split('\n')
      expect(files).toEqual(
        expect.arrayContaining(['./package.json', './README.md', './CHANGELOG.md', './LICENSE']),
      )
      expect(files.filter((file) => /\.test\.|\.map$|tsbuildinfo|\/src\/|(?<!\.d)\.ts$/.test(file))).toEqual(
        [],
      )
    }
  })

  it('pack a venv with npx venv-packer', async () => {
    await smallVenv(join(directory, '.venv'))
    const { stdout, stderr } = await run('npx', ['--no', 'venv-packer', 'pack', '.venv', '--compile'], {
      cwd: directory,
      env: PLAIN_NPM,
    })
    expect(stderr.replace(/^npm warn .*\n/gm, '')).toBe('')
    expect(stdout.toString()).toMatch(/^venv\.squashfs written from \.venv in /)
    expect(stdout.toString()).toMatch(/\n {2}bytecode {3}1 module compiled at level 0, /)
    await unsquash(join(directory, 'venv.squashfs'), join(directory, 'out'))
    expect(await readFile(join(directory, 'out', 'pyvenv.cfg'))).toEqual(
      await readFile(join(directory, '.venv', 'pyvenv.cfg')),
    )
  })

  it('can be used by a program in strict TypeScript', async () => {
    await writeFile(
      join(directory, 'program.ts'),
      `import { type ImageResult, memorySink, openDirectory, overlay, packDirectory, writeImage } from 'squashfs-writer'

const result: ImageResult = await packDirectory('node_modules/squashfs-writer', 'library.squashfs', {
  exclude: ['*.map'],
  onProgress: ({ phase, files }) => void [phase, files],
})
const sink = memorySink()
await writeImage([{ type: 'file', path: 'hello', content: 'world' }], sink)
const directory = await openDirectory('node_modules/squashfs-writer')
await writeImage(overlay(directory.entries, [{ type: 'file', path: 'hello', content: 'world' }]), 'both.squashfs')
for await (const entry of directory.entries) if (entry.type === 'file') await directory.readRange(entry, 0, 1)
await directory[Symbol.asyncDispose]()
// @ts-expect-error: a size is a number
const wrong: string = result.bytesOut
console.log(result.files > 0, sink.bytes().length, typeof wrong)
`,
    )
    await writeFile(
      join(directory, 'tsconfig.json'),
      JSON.stringify({
        compilerOptions: {
          target: 'ES2023',
          module: 'NodeNext',
          strict: true,
          exactOptionalPropertyTypes: true,
          skipLibCheck: false,
          lib: ['ES2023', 'DOM'],
          types: [],
        },
        files: ['program.ts'],
      }),
    )
    // The compiler of the workspace, with no types but those of the library.
    const compiler = join(
      dirname(fileURLToPath(import.meta.resolve('typescript/package.json'))),
      'bin',
      'tsc',
    )
    await run(process.execPath, [compiler, '-p', '.'], { cwd: directory, env: PLAIN_NPM })
    const { stdout } = await run(process.execPath, ['program.js'], { cwd: directory, env: PLAIN_NPM })
    expect(stdout.toString()).toBe('true 4096 number\n')
  })
})
