import { describe, expect, it } from 'vitest'
import { parsePyvenvConfig } from './pyvenv-cfg.js'

describe('pyvenv.cfg', () => {
  it('of python -m venv has home, version and the command that made it', () => {
    const config = parsePyvenvConfig(
      'home = /usr/bin\ninclude-system-site-packages = false\nversion = 3.11.7\n' +
        "executable = /usr/bin/python3.11\ncommand = /usr/bin/python3 -m venv --prompt='x=y' /scratch/.venv\n" +
        "prompt = 'x=y'\n",
    )
    expect(config).toEqual({
      home: '/usr/bin',
      version: '3.11.7',
      relocatable: false,
      systemSitePackages: false,
      prompt: 'x=y',
      uv: undefined,
      command: "/usr/bin/python3 -m venv --prompt='x=y' /scratch/.venv",
    })
  })

  it('of uv says that the environment is relocatable', () => {
    const config = parsePyvenvConfig(
      'home = /opt/python/bin\nimplementation = CPython\nuv = 0.9.2\nversion_info = 3.12.11\n' +
        'include-system-site-packages = true\nprompt = demo\nrelocatable = true\n',
    )
    expect(config).toMatchObject({
      version: '3.12.11',
      relocatable: true,
      systemSitePackages: true,
      uv: '0.9.2',
      prompt: 'demo',
    })
  })

  it('is read as Python reads it: any case, any spaces, any line ends, other lines ignored', () => {
    const config = parsePyvenvConfig('\uFEFF  HOME=/x\r\n# a remark\r\n\r\n = nothing\r\nRelocatable =TRUE')
    expect(config).toMatchObject({ home: '/x', relocatable: true, version: undefined })
  })

  it('may be empty', () => {
    expect(parsePyvenvConfig('')).toMatchObject({ home: undefined, relocatable: false })
  })
})
