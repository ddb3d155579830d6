/** Tests the progress bar on a real terminal: it is shown during the work, and erased afterwards. */
import { mkdir, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { KEPT_MEMORY, withDirectory } from 'fixtures'
import { describe, expect, it } from 'vitest'
import { fillWithNoise, launcher, slowly } from './command.js'
import { onTerminal, screen, type TerminalRequest, type TerminalResult } from './terminal.js'

const pack = [process.execPath, launcher, 'pack', 'data', ...slowly]

/** Packs some megabytes slowly on a terminal. */
async function packOnTerminal<T>(
  files: number,
  request: Partial<TerminalRequest>,
  use: (result: TerminalResult, directory: string) => Promise<T>,
): Promise<T> {
  return await withDirectory(async (cwd) => {
    await mkdir(join(cwd, 'data'))
    await fillWithNoise(join(cwd, 'data'), files)
    const env = { TERM: 'xterm', ...KEPT_MEMORY, ...request.env }
    return await use(await onTerminal({ command: pack, cwd, ...request, env }), cwd)
  })
}

const figures = /\[=*>? *\] +\d+ % {2}\d+\/2 files {2}[\d.]+ \w+ of 4\.0 MB/

describe('the progress bar', () => {
  it('shows files and bytes, and is erased before the summary', async () => {
    await packOnTerminal(2, {}, async ({ code, written }) => {
      expect(code).toBe(0)
      expect(written).toMatch(figures)
      const lines = screen(written)
      expect(lines[0]).toMatch(/^data\.squashfs written from data in /)
      expect(lines.join('\n')).not.toMatch(/\[=*>| % {2}\d+\/2 files/)
    })
  })

  it('stays on one line of a narrow terminal', async () => {
    await packOnTerminal(2, { columns: 30 }, async ({ written }) => {
      expect(written).toMatch(/\d+ % {2}\d+\/2 files/)
      // biome-ignore lint/suspicious/noControlCharactersInRegex: the bar is drawn between these two.
      const drawn = [...written.matchAll(/\u001b\[1G([^\u001b]*)\u001b\[0K/g)].map((match) => match[1]!)
      expect(drawn.length).toBeGreaterThan(0)
      for (const line of drawn) expect(line.length).toBeLessThan(30)
    })
  })

  it('is erased by Ctrl-C, which leaves one message, exit code 130, and no file', async () => {
    await packOnTerminal(
      40,
      { press: [['/40 files', '\u0003']] },
      async ({ code, written, pressed }, directory) => {
        expect({ code, pressed }).toEqual({ code: 130, pressed: true })
        expect(screen(written)).toEqual([
          'venv-packer: stopped by SIGINT; no image was written',
          '  Run it again to pack the venv.',
          expect.stringMatching(/^ {4}venv-packer pack data /),
          '',
        ])
        expect(await readdir(directory)).toEqual(['data'])
      },
    )
  })

  it('is printed on standard error, so that standard output has only JSON', async () => {
    const command = ['sh', '-c', '"$@" > report.json', 'sh', ...pack, '--json']
    await packOnTerminal(2, { command }, async ({ code, written }, directory) => {
      expect(code).toBe(0)
      expect(written).toMatch(figures)
      expect(screen(written)).toEqual([''])
      const report = await readFile(join(directory, 'report.json'), 'utf8')
      expect(report).toMatch(/^\{.*\}\n$/)
      expect(JSON.parse(report)).toMatchObject({ ok: true, files: 2 })
    })
  })

  it.each([
    ['with --no-progress', { command: [...pack, '--no-progress'] }],
    ['with --quiet', { command: [...pack, '--quiet'] }],
    ['on a terminal that can do nothing', { env: { TERM: 'dumb' } }],
    ['where standard error is no terminal', { command: ['sh', '-c', '"$@" 2> errors', 'sh', ...pack] }],
  ])('is not shown %s', async (_, request) => {
    await packOnTerminal(0, request, async ({ code, written }) => {
      expect(code).toBe(0)
      expect(written).not.toContain('\u001b')
      expect(written).not.toContain('reading the directory')
    })
  })
})
