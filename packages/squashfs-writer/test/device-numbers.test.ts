/** Tests device numbers that need more than the eight bits which minor and major once had. */
import { join } from 'node:path'
import { run, withDirectory } from 'fixtures'
import { packDirectory } from 'squashfs-writer'
import { decodeDeviceNumber, openImage } from 'squashfs-writer/read'
import { expect, it } from 'vitest'

it('are the same in the image as on disk', async () => {
  await withDirectory(async (directory) => {
    await run('mknod', [join(directory, 'large'), 'c', '300', '70000'])
    await run('mknod', [join(directory, 'block'), 'b', '4095', '1048575'])
    await withDirectory(async (place) => {
      await packDirectory(directory, join(place, 'image'))
      const image = await openImage(join(place, 'image'))
      const numbersOf = async (name: string) => {
        const inode = await image.find(name)
        return inode && 'device' in inode ? decodeDeviceNumber(inode.device) : null
      }
      expect(await numbersOf('large')).toEqual({ major: 300, minor: 70_000 })
      expect(await numbersOf('block')).toEqual({ major: 4095, minor: 1_048_575 })
      await image.close()
    })
  })
})
