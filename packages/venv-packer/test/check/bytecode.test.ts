/** Tests findings about bytecode against Python itself, which compiles these modules at every start from a read-only image. */
import { appendFile, mkdir, rename, rm, truncate, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { run, withMount } from 'fixtures'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { venvPacker } from '../command.js'
import { always, checked, fineTemplate, greeter, sitePackages, type Template } from './environments.js'

let template: Template
beforeAll(async () => {
  template = await fineTemplate([greeter, { name: 'single', files: { 'single.py': 'x = 1\n' } }])
})
afterAll(() => template.remove())

async function compile(venv: string, ...options: readonly string[]): Promise<void> {
  const site = await sitePackages(venv)
  await run('find', [site, '-name', '__pycache__', '-exec', 'rm', '-r', '{}', '+'])
  await run(join(venv, 'bin', 'python'), ['-m', 'compileall', '-q', ...options, site])
}

/** The modules that Python compiles when it runs from an image of the environment. */
async function compiledAnew(venv: string, options: readonly string[] = [], env: Record<string, string> = {}) {
  const image = `${venv}.squashfs`
  const packed = await venvPacker(['pack', venv, '-o', image, '--force', ...options], { env })
  expect(packed).toMatchObject({ code: 0, stderr: '' })
  let said = ''
  await withMount(image, async (mounted) => {
    const python = join(mounted, 'bin', 'python')
    said = (await run(python, ['-v', '-c', 'import greeter, greeter.words, single'])).stderr
  })
  const used = said.split('\n').filter((line) => /^# .*\/site-packages\/.*\.pyc matches /.test(line))
  const matched = used.map((line) => /__pycache__\/(\w+)\./.exec(line)?.[1])
  return ['__init__', 'words', 'single'].filter((name) => !matched.includes(name)).toSorted()
}

describe('modules without bytecode', () => {
  it('are counted by package', async () => {
    await template.copied(async (venv) => {
      const site = await sitePackages(venv)
      expect(await compiledAnew(venv)).toEqual([])
      await run('find', [site, '-name', '__pycache__', '-exec', 'rm', '-r', '{}', '+'])
      const { exitCode, found, of } = await checked(venv)
      expect({ exitCode, found }).toEqual({ exitCode: 0, found: ['warning BYTECODE_MISSING', ...always] })
      const { message, places, remedy } = of('BYTECODE_MISSING')
      expect(message).toBe('3 of 3 modules have no bytecode')
      const inner = site.slice(venv.length + 1)
      expect(places).toEqual([
        { path: `${inner}/greeter`, detail: '2 modules' },
        { path: `${inner}/single.py`, detail: '1 module' },
      ])
      expect(await compiledAnew(venv)).toEqual(['__init__', 'single', 'words'])
      const command = /(bin\/python -m compileall .*)$/.exec(remedy)?.[1]
      await run('sh', ['-c', command ?? 'false'], { cwd: venv })
      expect((await checked(venv)).found).toEqual(always)
    })
  })

  it('that have it only for python -O and -OO, as some guides recommend', async () => {
    await template.copied(async (venv) => {
      await compile(venv, '-o', '1', '-o', '2')
      const { found, of } = await checked(venv)
      expect(found).toEqual(['warning BYTECODE_OPTIMISED_ONLY', ...always])
      expect(of('BYTECODE_OPTIMISED_ONLY').message).toMatch(/^3 of 3 modules/)
      expect(await compiledAnew(venv)).toEqual(['__init__', 'single', 'words'])
      await compile(venv, '-o', '0', '-o', '1')
      expect((await checked(venv)).found).toEqual(always)
    })
  })

  it('are a note in compiled packages: templates and code that does not compile', async () => {
    await template.copied(async (venv) => {
      const tests = join(await sitePackages(venv), 'greeter', 'python2')
      await mkdir(tests)
      await writeFile(join(tests, 'old.py'), 'print "hello"\n')
      const { found, of } = await checked(venv)
      expect(found).toEqual([...always, 'note BYTECODE_GAPS'])
      expect(of('BYTECODE_GAPS').places[0]?.path).toMatch(/greeter\/python2\/old\.py$/)
    })
  })

  it('are not reported if they are excluded', async () => {
    await template.copied(async (venv) => {
      await rm(join(await sitePackages(venv), 'greeter', '__pycache__'), { recursive: true })
      expect((await checked(venv)).found).toContain('warning BYTECODE_MISSING')
      expect((await checked(venv, ['--exclude', 'greeter'])).found).toEqual(always)
    })
  })
})

describe('bytecode that does not match its source', () => {
  it('is found by the time and the size of the source', async () => {
    await template.copied(async (venv) => {
      const site = await sitePackages(venv)
      await utimes(join(site, 'greeter', 'words.py'), 1e9, 1e9)
      await appendFile(join(site, 'single.py'), '# changed\n')
      const { found, of } = await checked(venv)
      expect(found).toEqual(['warning BYTECODE_STALE', ...always])
      const inner = site.slice(venv.length + 1)
      expect(of('BYTECODE_STALE').message).toMatch(/^2 of 3 modules/)
      expect(of('BYTECODE_STALE').places).toEqual([
        {
          path: `${inner}/greeter`,
          detail: expect.stringMatching(
            /^1 module; words\.py is of 2001-09-09T01:46:40Z, and its bytecode of \d{4}-\S+Z$/,
          ),
        },
        {
          path: `${inner}/single.py`,
          detail: '1 module; single.py has 16 bytes, and its bytecode was made from 6',
        },
      ])
      expect(await compiledAnew(venv)).toEqual(['single', 'words'])
    })
  })

  it('or is truncated', async () => {
    await template.copied(async (venv) => {
      const { stdout } = await run('find', [await sitePackages(venv), '-name', 'words*.pyc'])
      await truncate(stdout.toString().trim(), 7)
      expect((await checked(venv)).of('BYTECODE_STALE').places[0]?.detail).toContain(
        'words.py has truncated bytecode',
      )
      expect(await compiledAnew(venv)).toEqual(['words'])
    })
  })

  it('or will not match, because SOURCE_DATE_EPOCH changes the time of the source in the image', async () => {
    await template.copied(async (venv) => {
      const env = { SOURCE_DATE_EPOCH: '1000000000' }
      const { found, of } = await checked(venv, [], { env })
      expect(found).toEqual(['warning BYTECODE_STALE_BY_EPOCH', ...always])
      expect(of('BYTECODE_STALE_BY_EPOCH').message).toMatch(/3 of 3 modules/)
      expect(await compiledAnew(venv, [], env)).toEqual(['__init__', 'single', 'words'])
      await compile(venv, '--invalidation-mode', 'unchecked-hash')
      expect((await checked(venv, [], { env })).found).toEqual(always)
      expect((await checked(venv, [], { env: { SOURCE_DATE_EPOCH: '4000000000' } })).found).toEqual(always)
    })
  })

  it('does not exist with a hash: unchecked it always matches, checked it makes Python read the source', async () => {
    await template.copied(async (venv) => {
      const touchAll = async () =>
        run('find', [await sitePackages(venv), '-name', '*.py', '-exec', 'touch', '-d', '@7', '{}', '+'])
      await compile(venv, '--invalidation-mode', 'unchecked-hash')
      await touchAll()
      expect((await checked(venv)).found).toEqual(always)
      await compile(venv, '--invalidation-mode', 'checked-hash')
      const { found, of } = await checked(venv)
      expect(found).toEqual([...always, 'note BYTECODE_CHECKED'])
      expect(of('BYTECODE_CHECKED').message).toMatch(/^3 of 3 modules/)
    })
  })
})

it('bytecode without a source only takes space', async () => {
  await template.copied(async (venv) => {
    const site = await sitePackages(venv)
    await rename(join(site, 'greeter', 'words.py'), join(site, 'greeter', 'sentences.py'))
    const { of } = await checked(venv)
    const { severity, places, size } = of('BYTECODE_WITHOUT_SOURCE')
    expect(severity).toBe('note')
    expect(places).toEqual([{ path: expect.stringMatching(/words\..*\.pyc$/), detail: null }])
    expect(size).toMatchObject({ inodes: 1, bytes: expect.any(Number) })
    expect((await checked(venv, ['--exclude', 'words.py'])).found).not.toContain(
      'note BYTECODE_WITHOUT_SOURCE',
    )
  })
})
