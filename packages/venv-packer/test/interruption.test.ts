/** Tests Ctrl-C and SIGTERM while packing: the work stops, temporary files are removed, and the exit code names the signal. */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { withDirectory } from 'fixtures'
import { describe, expect, it } from 'vitest'
import { type Ended, ended, fillWithNoise, newFileIn, slowly, start } from './command.js'

/** Starts packing over an old image, sends the signals when the work has begun, and waits for the end. */
async function interrupt(signals: readonly NodeJS.Signals[], ...options: string[]): Promise<Ended> {
  return await withDirectory(async (cwd) => {
    await mkdir(join(cwd, 'data'))
    await fillWithNoise(join(cwd, 'data'), 40)
    await writeFile(join(cwd, 'data.squashfs'), 'the old image')
    const begun = newFileIn(cwd)
    const child = start(['pack', 'data', '--force', ...slowly, ...options], { cwd })
    const end = ended(child)
    await begun
    for (const signal of signals) child.kill(signal)
    const result = await end
    expect((await readdir(cwd)).sort()).toEqual(['data', 'data.squashfs'])
    expect(await readFile(join(cwd, 'data.squashfs'), 'utf8')).toBe('the old image')
    return result
  })
}

describe('an interrupted packing leaves the old image as it was and no other file, and', () => {
  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const)('ends after %s with exit code %d', async (signal, code) => {
    expect(await interrupt([signal])).toEqual({
      code,
      stdout: '',
      stderr: expect.stringContaining(
        `venv-packer: stopped by ${signal}; no image was written\n  Run it again to pack the venv.\n`,
      ),
    })
  })

  it('counts one Ctrl-C that arrives twice, as from npx, as one', async () => {
    expect(await interrupt(['SIGINT', 'SIGINT'])).toMatchObject({ code: 130 })
  })

  it('is reported as JSON with --json', async () => {
    const { code, stdout, stderr } = await interrupt(['SIGTERM'], '--json')
    expect({ code, stderr }).toEqual({ code: 143, stderr: '' })
    expect(JSON.parse(stdout)).toMatchObject({ ok: false, exitCode: 143, error: { code: 'INTERRUPTED' } })
  })
})

it('a second Ctrl-C ends it at once', async () => {
  await withDirectory(async (cwd) => {
    await mkdir(join(cwd, 'data'))
    await fillWithNoise(join(cwd, 'data'), 40)
    const begun = newFileIn(cwd)
    const child = start(['pack', 'data', ...slowly], { cwd })
    const end = ended(child)
    await begun
    const again = setInterval(() => child.kill('SIGINT'), 400)
    // Both are 130 in a shell. On a busy machine the first signal may end the process before the second one.
    expect([130, 'SIGINT']).toContain((await end).code)
    clearInterval(again)
  })
})
