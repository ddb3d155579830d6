/** Tests who may access a new image: the rights come from its directory, or from the image that it replaces. */
import { chmodSync, chownSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { requireTools, run, withDirectory } from 'fixtures'
import { type Entry, writeImage } from 'squashfs-writer'
import { describe, expect, it } from 'vitest'

const ENTRIES: Entry[] = [{ type: 'file', path: 'a', content: 'the content of a' }]

describe('a new image', () => {
  it.each([
    ['022', 'd:o::-'],
    ['022', 'd:g::-,d:o::-'],
    ['077', 'd:g:1234:r'],
    ['077', 'd:u:1234:r,d:o::-'],
    ['000', 'd:u:1234:rwx,d:m::r'],
  ])('with umask %s and the default ACL %s has the access of any new file', async (umask, acl) => {
    await requireTools(['setfacl'])
    await withDirectory(async (directory) => {
      await run('setfacl', ['-m', acl, directory])
      await writeWith({ umask }, join(directory, 'image'))
      await run('sh', ['-c', `umask ${umask}; : > "$1"`, 'sh', join(directory, 'model')])
      expect(await accessOf(join(directory, 'image'))).toEqual(await accessOf(join(directory, 'model')))
      expect(readdirSync(directory).sort()).toEqual(['image', 'model'])
    })
  })

  it('is private until it is complete, even if a default ACL lets others read', async () => {
    await requireTools(['setfacl'])
    await withDirectory(async (directory) => {
      await run('setfacl', ['-m', 'd:u:1234:r,d:g:1234:r', directory])
      const seen: string[] = []
      await writeImage(ENTRIES, join(directory, 'image'), {
        onProgress: () => {
          for (const name of readdirSync(directory)) {
            if (name.endsWith('.partial'))
              seen.push((statSync(join(directory, name)).mode & 0o777).toString(8))
          }
        },
      })
      // With an ACL the group's bits are its mask, the maximum for everyone but the owner.
      expect([...new Set(seen)]).toEqual(['600'])
      expect(await accessOf(join(directory, 'image'))).toContain('user:1234:r--')
    })
  })
})

describe('an image that replaces another', () => {
  it('gets its mode, owner and group', async () => {
    await withDirectory(async (directory) => {
      const image = join(directory, 'image')
      writeFileSync(image, 'old')
      chownSync(image, 1, 1234)
      chmodSync(image, 0o640)
      await writeImage(ENTRIES, image)
      expect(readFileSync(image).toString('latin1', 0, 4)).toBe('hsqs')
      expect(facts(image)).toEqual({ mode: '640', uid: 1, gid: 1234 })
    })
  })

  it('gets its ACL, not that of the directory', async () => {
    await requireTools(['setfacl'])
    await withDirectory(async (directory) => {
      const image = join(directory, 'image')
      for (const acl of ['u:1234:r,o::-', 'g:1234:r,g::-', 'u:7:rw,m::r']) {
        writeFileSync(image, 'old')
        await run('setfacl', ['-b', image])
        await run('setfacl', ['-m', acl, image])
        await run('setfacl', ['-m', 'd:u:4321:rwx', directory])
        const before = await accessOf(image)
        await writeImage(ENTRIES, image)
        expect(await accessOf(image)).toBe(before)
      }
    })
  })

  it('without an ACL gets none from the directory', async () => {
    await requireTools(['setfacl'])
    await withDirectory(async (directory) => {
      const image = join(directory, 'image')
      writeFileSync(image, 'old')
      chmodSync(image, 0o640)
      await run('setfacl', ['-m', 'd:u:4321:rwx', directory])
      const before = await accessOf(image)
      await writeImage(ENTRIES, image)
      expect(await accessOf(image)).toBe(before)
    })
  })

  it('whose group cannot be set gives no other group its rights, and warns', async () => {
    await requireTools(['setpriv', 'setfacl'])
    await withDirectory(async (directory) => {
      chmodSync(directory, 0o777)
      const place = join(directory, 'place')
      mkdirSync(place)
      chmodSync(place, 0o777)
      const image = join(place, 'image')
      writeFileSync(image, 'old')
      chownSync(image, 1, 1234)
      chmodSync(image, 0o640)
      const warnings = await writeWith({ user: 65_534 }, image)
      expect(facts(image)).toEqual({ mode: '600', uid: 65_534, gid: 65_534 })
      expect(warnings).toEqual([
        { code: 'ACCESS_NOT_SET', path: image, message: 'its owner could not be set to 1' },
        { code: 'ACCESS_NOT_SET', path: image, message: 'its group could not be set to 1234' },
      ])

      chownSync(image, 1, 1234)
      await run('setfacl', ['-m', 'u:7:r,g::r,o::-', image])
      await writeWith({ user: 65_534 }, image)
      const acl = await accessOf(image)
      expect(acl).toContain('user:7:r--')
      expect(acl).toContain('group::---')
    })
  })

  it('keeps a group of which its user is a member', async () => {
    await requireTools(['setpriv'])
    await withDirectory(async (directory) => {
      chmodSync(directory, 0o777)
      const image = join(directory, 'image')
      writeFileSync(image, 'old')
      chownSync(image, 1, 1234)
      chmodSync(image, 0o640)
      const warnings = await writeWith({ user: 65_534, groups: [1234] }, image)
      expect(facts(image)).toEqual({ mode: '640', uid: 65_534, gid: 1234 })
      expect(warnings).toMatchObject([{ code: 'ACCESS_NOT_SET' }])
    })
  })
})

function facts(path: string) {
  const { mode, uid, gid } = statSync(path)
  return { mode: (mode & 0o777).toString(8), uid, gid }
}

/** The output of getfacl without the name. */
async function accessOf(path: string): Promise<string> {
  const { stdout } = await run('getfacl', ['--absolute-names', '--numeric', path])
  return stdout.toString().replace(/^# file: .*\n/, '')
}

/** Writes an image in another process, and returns the warnings. */
async function writeWith(
  { umask = '022', user, groups = [] }: { umask?: string; user?: number; groups?: readonly number[] },
  image: string,
): Promise<unknown> {
  const script = `
    process.umask(0o${umask})
    const { writeImage } = await import(${JSON.stringify(import.meta.resolve('squashfs-writer'))})
    const { warnings } = await writeImage([], process.argv[1])
    console.log(JSON.stringify(warnings))`
  const node = [process.execPath, '--input-type=module', '-e', script, image]
  const groupOption = groups.length > 0 ? `--groups=${groups.join(',')}` : '--clear-groups'
  const as = user === undefined ? [] : ['setpriv', `--reuid=${user}`, `--regid=${user}`, groupOption, '--']
  const [command, ...args] = [...as, ...node]
  const { stdout } = await run(command!, args)
  return JSON.parse(stdout.toString())
}
