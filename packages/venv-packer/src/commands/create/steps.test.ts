import { describe, expect, it } from 'vitest'
import { type CreateOptions, checkMountPoint, type Steps, stepsWithUv, stepsWithVenv } from './steps.js'

const createOptions: CreateOptions = {
  python: undefined,
  requirements: ['a.txt', 'b.txt'],
  packages: ['numpy', 'six>=1.16'],
  passedOn: ['--index-url', 'https://example.org/simple', '-q'],
  compiles: true,
}

const settings = ({ make }: Steps): NodeJS.ProcessEnv => make.env

const lines = ({ make, install }: Steps) =>
  [make, install].map(({ program, args }) => [program, ...args].join(' '))

const installed = '-r a.txt -r b.txt numpy six>=1.16 --index-url https://example.org/simple -q'

describe('the steps of create', () => {
  it('with uv make a relocatable environment, and install into it', () => {
    expect(lines(stepsWithUv('/w/venv', createOptions, {}))).toEqual([
      'uv venv --relocatable /w/venv',
      `uv pip install --python /w/venv/bin/python ${installed}`,
    ])
    expect(lines(stepsWithUv('/w/venv', { ...createOptions, python: '3.12' }, {}))[0]).toBe(
      'uv venv --relocatable --python 3.12 /w/venv',
    )
  })

  it.each([
    [undefined, 'python3'],
    ['3.12', 'python3.12'],
    ['3', 'python3'],
    ['/opt/python/bin/python3', '/opt/python/bin/python3'],
    ['pypy3.10', 'pypy3.10'],
  ])('with venv and the Python %s are run by %s, and by pip in the environment', (python, program) => {
    expect(lines(stepsWithVenv('/w/venv', '/opt/py', { ...createOptions, python }, {}))).toEqual([
      `${program} -m venv --prompt py /w/venv`,
      `/w/venv/bin/python -m pip install --no-compile ${installed}`,
    ])
  })
})

describe('environment variables', () => {
  const shell = {
    PATH: '/bin',
    PYTHONPATH: '/x',
    PYTHONHOME: '/x',
    VIRTUAL_ENV: '/x',
    UV_SYSTEM_PYTHON: '1',
    UV_INDEX_URL: 'https://example.org',
    UV_LINK_MODE: 'symlink',
    PIP_TARGET: '/x',
    PIP_ROOT: '/x',
    PIP_DRY_RUN: '1',
    PIP_USER: '1',
    PIP_INDEX_URL: 'https://example.org',
  }

  it('that change where uv installs are removed, others are kept', () => {
    const env = settings(stepsWithUv('/w/venv', createOptions, shell))
    expect(env).toMatchObject({ PATH: '/bin', UV_INDEX_URL: 'https://example.org', UV_LINK_MODE: 'copy' })
    for (const name of ['PYTHONPATH', 'PYTHONHOME', 'VIRTUAL_ENV', 'UV_SYSTEM_PYTHON'])
      expect(env).not.toHaveProperty(name)
  })

  it('that change where pip installs are removed, others are kept', () => {
    const env = settings(stepsWithVenv('/w/venv', '/opt/py', createOptions, shell))
    expect(env).toMatchObject({ PATH: '/bin', PIP_INDEX_URL: 'https://example.org', PIP_USER: '0' })
    for (const name of ['PYTHONPATH', 'VIRTUAL_ENV', 'PIP_TARGET', 'PIP_ROOT', 'PIP_DRY_RUN'])
      expect(env).not.toHaveProperty(name)
  })

  it('choose the interpreters that uv prefers, by default those of the system', () => {
    const preference = (variables: NodeJS.ProcessEnv) =>
      settings(stepsWithUv('/w/venv', createOptions, variables)).UV_PYTHON_PREFERENCE
    expect(preference({})).toBe('system')
    expect(preference({ UV_PYTHON_PREFERENCE: 'only-managed' })).toBe('only-managed')
    expect(preference({ UV_MANAGED_PYTHON: '1' })).toBeUndefined()
  })

  it('let uv compile only if pack does not', () => {
    const compiles = (ours: boolean) =>
      stepsWithUv('/w', { ...createOptions, compiles: ours }, { UV_COMPILE_BYTECODE: '1' }).make.env
        .UV_COMPILE_BYTECODE
    expect(compiles(true)).toBe('false')
    expect(compiles(false)).toBe('1')
  })
})

describe('a mount point for venv', () => {
  it.each(['/opt/py', '/scratch/me/my-env_1.2', `/${'x'.repeat(105)}`])('may be %s', (path) => {
    expect(() => checkMountPoint(path)).not.toThrow()
  })

  it.each([
    ['/opt/my env', 'cannot be used in the first line of a script'],
    ["/opt/it's", 'cannot be used in the first line of a script'],
    ['/opt/$HOME', 'cannot be used in the first line of a script'],
    ['/opt/ümlaut', 'cannot be used in the first line of a script'],
    [`/${'x'.repeat(120)}`, 'is too long for the first line of a script'],
  ])('may not be %s', (path, message) => {
    expect(() => checkMountPoint(path)).toThrow(message)
  })
})
