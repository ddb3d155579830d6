/** Tests that control characters in file names (title, colours, cursor, writing direction) are escaped. */
import { chmod, mkdir, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { withDirectory } from 'fixtures'
import { describe, expect, it } from 'vitest'
import { asBoundByPermissions, launcher, venvPacker } from './command.js'
import { onTerminal, screen } from './terminal.js'

/** Sets the title, clears the screen, moves the cursor, rings the bell; CSI as C1; changes the writing direction. */
const evil = '\u001b]0;owned\u0007\u001b[2J\r\n\u001b[A\u009b31m\u202egnp.exe\u007f'
const shown = '\\x1b]0;owned\\x07\\x1b[2J\\r\\n\\x1b[A\\x9b31m\\u202egnp.exe\\x7f'

/** The visible output. Fails for control characters other than those of the progress bar and newlines. */
async function seen(cwd: string, ...args: readonly string[]): Promise<string> {
  const command = asBoundByPermissions([process.execPath, launcher, ...args])
  const text = screen((await onTerminal({ command, cwd, columns: 250 })).written).join('\n')
  expect(text).not.toMatch(/[\u007f-\u009f\u202e]/)
  // Paths in the packed directory are bytes, and shown as such.
  return text.replaceAll('\\x0d', '\\r').replaceAll('\\x0a', '\\n')
}

describe('on a terminal, control characters in names are escaped', () => {
  it('in the summary: the directory, the image, warnings, and the lines that mount it', async () => {
    await withDirectory(async (cwd) => {
      await mkdir(join(cwd, evil))
      await writeFile(join(cwd, evil, `old ${evil}`), '')
      await utimes(join(cwd, evil, `old ${evil}`), 0, new Date('1960-01-01'))
      const text = await seen(cwd, 'pack', evil, '--any-directory')
      expect(text).toContain(`${shown}.squashfs written from ${shown} in`)
      expect(text).toMatch(/\n {2}warnings {3}1\n/)
      expect(text).toContain(`old ${shown}: `)
    })
  })

  it('in errors: of one path, of many, with the stack, and as JSON', async () => {
    await withDirectory(async (cwd) => {
      expect(await seen(cwd, 'pack', evil)).toContain(`venv-packer: ${shown} does not exist`)
      await mkdir(join(cwd, evil))
      expect(await seen(cwd, 'pack', evil)).toContain(`venv-packer: ${shown} is not a virtual environment`)
      await writeFile(join(cwd, evil, `a ${evil}`), '')
      await chmod(join(cwd, evil, `a ${evil}`), 0)
      const options = ['pack', evil, '--any-directory', '-o', `image ${evil}`]
      expect(await seen(cwd, ...options)).toContain(`a ${shown} in ${shown} cannot be read: `)
      await writeFile(join(cwd, evil, `b ${evil}`), '')
      await chmod(join(cwd, evil, `b ${evil}`), 0)
      expect(await seen(cwd, ...options)).toMatch(/\n {2}a \\x1b[^\n]*\n {2}b \\x1b/)
      const withStack = await seen(cwd, ...options, '--debug')
      expect(withStack).toContain(' at ')
      expect(withStack).toContain('caused by')
      expect(await seen(cwd, ...options, '--json')).toContain('{"path":"a \\\\x1b]0;owned')
      expect(await seen(cwd, 'pack', evil, '--any-directory', '-o', `${evil}/`)).toContain(
        `${shown}/ is a directory`,
      )
    })
  })

  it('in the list of kept images, and after a rollback', async () => {
    await withDirectory(async (cwd) => {
      await mkdir(join(cwd, 'data'))
      const image = `i${evil}`
      const pack = ['pack', 'data', '--any-directory', '-o', image, '--keep', '1']
      for (let n = 0; n < 2; n++) await seen(cwd, ...pack)
      expect(await seen(cwd, ...pack)).toContain(`kept       the previous image as i${shown}.2`)
      expect(await seen(cwd, 'rollback', image, '--list')).toContain(`\ni${shown}.2 `)
      expect(await seen(cwd, 'rollback', image)).toContain(
        `i${shown} is again the image that was kept as i${shown}.2`,
      )
      expect(await seen(cwd, 'rollback', image, '--to', '9')).toContain(`no image of i${shown} is kept`)
    })
  })
})

it('JSON has the same names, and no control characters', async () => {
  await withDirectory(async (cwd) => {
    await mkdir(join(cwd, evil))
    const { stdout } = await venvPacker(['pack', evil, '--any-directory', '--json'], { cwd })
    expect(stdout).toMatch(/^[ -~]*\n$/)
    expect(JSON.parse(stdout).source.path).toBe(join(cwd, evil))
  })
})
