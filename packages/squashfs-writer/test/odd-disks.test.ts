/** Tests filesystems with errors for which Node has no name, or without some calls: the message is clear. */
import { mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type OddAnswers, withDirectory, withMount, withOddDisk } from 'fixtures'
import { DestinationError, type Entry, packDirectory, UnreadableError, writeImage } from 'squashfs-writer'
import { describe, expect, it } from 'vitest'

const ENTRIES: Entry[] = [{ type: 'file', path: 'a', content: 'the content of a' }]

describe('an image that cannot be written', () => {
  it.each<[string, OddAnswers, string, string]>([
    ['a quota that is used up', { write: 'EDQUOT' }, 'EDQUOT', 'the disk quota is used up'],
    ['a quota that is reported at the end', { flush: 'EDQUOT' }, 'EDQUOT', 'the disk quota is used up'],
    ['a full disk that is reported at the end', { flush: 'ENOSPC' }, 'ENOSPC', 'no space is left'],
    ['a server that forgot the file', { write: 'ESTALE' }, 'ESTALE', 'taken away from the file server'],
    ['a disk that fails when it is flushed', { fsync: 'EIO' }, 'EIO', 'EIO'],
  ])('because of %s is an error with its name, and leaves no file', async (_, answers, code, words) => {
    await withDirectory(async (directory) => {
      await withOddDisk(directory, answers, async (shown) => {
        const image = join(shown, 'image')
        const error = await writeImage(ENTRIES, image).catch((reason: unknown) => reason)
        expect(error).toBeInstanceOf(DestinationError)
        expect(error).toMatchObject({ path: image, message: expect.stringContaining(words), cause: { code } })
      })
      expect(readdirSync(directory)).toEqual([])
    })
  })
})

describe('an image on a disk', () => {
  it('without permissions is written with a warning, and nobody else can read it', async () => {
    await withDirectory(async (directory) => {
      await withOddDisk(directory, { chmod: 'EPERM', chown: 'EPERM' }, async (shown) => {
        const image = join(shown, 'image')
        const { warnings } = await writeImage(ENTRIES, image)
        expect(warnings).toEqual([
          { code: 'ACCESS_NOT_SET', path: image, message: 'its permissions could not be set to 644' },
        ])
      })
      expect(readdirSync(directory)).toEqual(['image'])
      expect(statSync(join(directory, 'image')).mode & 0o777).toBe(0o600)
      await withMount(join(directory, 'image'), async (mounted) =>
        expect(readdirSync(mounted)).toEqual(['a']),
      )
    })
  })

  it.each(['EINVAL', 'ENOSYS', 'EOPNOTSUPP'] as const)(
    'that cannot flush a file (%s) is written with a warning',
    async (answer) => {
      await withDirectory(async (directory) => {
        await withOddDisk(directory, { fsync: answer }, async (shown) => {
          const { warnings } = await writeImage(ENTRIES, join(shown, 'image'))
          // For the kernel, ENOSYS means that nothing needs to be flushed.
          const codes = answer === 'ENOSYS' ? [] : ['NOT_FLUSHED']
          expect(warnings.map(({ code }) => code)).toEqual(codes)
        })
        expect(readdirSync(directory)).toEqual(['image'])
        expect(statSync(join(directory, 'image')).mode & 0o777).toBe(0o644)
      })
    },
  )
})

describe('a source', () => {
  it.each(['ESTALE', 'EDQUOT'] as const)(
    'whose reads fail with %s is reported with that name',
    async (name) => {
      await withDirectory(async (directory) => {
        const source = join(directory, 'source')
        mkdirSync(source)
        writeFileSync(join(source, 'file'), 'content')
        await withOddDisk(source, { read: name }, async (shown) => {
          const error = await packDirectory(shown, join(directory, 'image')).catch(
            (reason: unknown) => reason,
          )
          expect(error).toBeInstanceOf(UnreadableError)
          expect(error).toMatchObject({ paths: [{ path: 'file', code: name }] })
          expect((error as Error).message).not.toContain('Unknown system error')
        })
      })
    },
  )
})
