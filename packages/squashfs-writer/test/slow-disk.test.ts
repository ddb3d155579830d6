/** Tests a directory on a slow network filesystem: how many calls are made, and how many at a time. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { survey, withDirectory, withLustre, withMount } from 'fixtures'
import { packDirectory } from 'squashfs-writer'
import { expect, it } from 'vitest'

it('on a slow network filesystem many calls run at once, and the image is the same', async () => {
  await withDirectory(async (directory) => {
    const source = join(directory, 'source')
    const names = Array.from({ length: 40 }, (_, index) => `${index}`)
    for (const name of names) {
      mkdirSync(join(source, name), { recursive: true })
      for (const file of names.slice(0, 10)) writeFileSync(join(source, name, file), `${name} ${file}`)
    }
    const image = join(directory, 'image.squashfs')
    const [atOnce, calls] = await withLustre(source, { delay: 2, xattrs: [] }, async (lustre) => {
      await lustre.atOnce()
      await lustre.calls()
      await packDirectory(lustre.directory, image)
      return [await lustre.atOnce(), await lustre.calls()]
    })
    expect(atOnce).toBeGreaterThanOrEqual(8)
    // Once each: 400 files and the 41 directories.
    expect(calls.open).toBe(400)
    expect(calls.opendir).toBe(41)
    expect(calls.listxattr).toBeLessThanOrEqual(441)
    await withMount(image, async (mounted) => {
      expect((await survey(mounted)).size).toBe(441)
    })
  })
})
