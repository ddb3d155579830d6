/** Verify: reads everything in an image, and checks that its tables agree. */
import { ImageError } from '../errors.js'
import { getUint64, viewOf } from '../format/byte-order.js'
import { decodeFragmentEntry, NO_FRAGMENT } from '../format/fragment.js'
import { InodeType } from '../format/inode.js'
import { type ByteString, toDisplay } from '../tree/byte-string.js'
import type { BlockReader, DataBlock } from './block-reader.js'
import { indexOf, lookUp } from './directory-reader.js'
import type { ContentReader } from './file-content.js'
import { type ImageDirectory, type ImageFile, type ImageInode, rootOf } from './inode-reader.js'
import { lookupTable } from './lookup-table.js'
import type { ReaderContext } from './reader-context.js'
import { inodeSet, walk } from './walk.js'
import type { XattrReader } from './xattr-reader.js'

/** What was checked, and the problems that were found. */
export interface Verification {
  readonly inodes: number
  readonly names: number
  /** Data blocks and fragment blocks. A block that several files share counts once. */
  readonly dataBlocks: number
  readonly metadataBlocks: number
  readonly bytes: number
  /** The first {@link MAX_PROBLEMS} problems; empty if the image is intact. */
  readonly problems: readonly Problem[]
}

export interface Problem {
  /** The file or directory, printable; null for a problem of the image as a whole. */
  readonly path: string | null
  readonly message: string
}

export const MAX_PROBLEMS = 100
/** Number of blocks that are decoded at the same time, if decoding is asynchronous. */
const AT_ONCE = 16

export async function verify(
  context: ReaderContext,
  contents: ContentReader,
  blocks: BlockReader,
  xattrs: XattrReader,
  signal: AbortSignal | undefined,
): Promise<Verification> {
  const { superblock, fail } = context
  const problems: Problem[] = []
  const counts = { inodes: 0, names: 0, dataBlocks: 0, metadataBlocks: 0, bytes: 0 }

  await step(null, checkMetadataBlocks)
  const fragmentLengths = new Map<number, number>()
  await step(null, checkFragments)
  await step(null, checkXattrs)
  await step(null, checkTree)
  return { ...counts, problems }

  /** Runs a check, and records an ImageError as a problem, so that the following checks run, too. */
  async function step(path: ByteString | null, check: () => Promise<void>): Promise<void> {
    signal?.throwIfAborted()
    if (problems.length >= MAX_PROBLEMS) return
    try {
      await check()
    } catch (error) {
      if (!(error instanceof ImageError) || error.code === 'IMAGE_UNREADABLE') throw error
      report(path, error.reason)
    }
  }

  function report(path: ByteString | null, message: string): void {
    if (problems.length < MAX_PROBLEMS)
      problems.push({ path: path === null ? null : toDisplay(path === '' ? '.' : path), message })
  }

  /** Checks that the metadata blocks of each table have no gaps, and end where the next part of the image begins. */
  async function checkMetadataBlocks(): Promise<void> {
    const { inodeTable, directoryTable, bytesUsed, xattrTable } = superblock
    const ids = await context.ids.extent()
    const fragments = await context.fragments?.extent()
    const exports = exportTable()
    const exportsExtent = await exports?.extent()
    const listingsEnd = Math.min(fragments?.start ?? ids.start, exportsExtent?.start ?? ids.start, ids.start)
    await checkBlocks('inode table', inodeTable, directoryTable)
    await checkBlocks('directory table', directoryTable, listingsEnd)
    if (fragments && superblock.fragmentTable !== null)
      await checkBlocks('fragment table', fragments.start, superblock.fragmentTable)
    if (exportsExtent && superblock.exportTable !== null)
      await checkBlocks('export table', exportsExtent.start, superblock.exportTable)
    await checkBlocks('id table', ids.start, superblock.idTable)
    const table = await xattrs.table()
    if (table && xattrTable !== null) {
      const extent = await table.ids.extent()
      await checkBlocks('xattr table', table.keyValues.start, extent.start)
      await checkBlocks('xattr id table', extent.start, xattrTable)
      if (extent.end !== bytesUsed) throw fail('the xattr table does not end where the image does')
    } else if (ids.end !== bytesUsed && xattrTable === null) {
      throw fail('the id table does not end where the image does')
    }
  }

  async function checkBlocks(name: string, start: number, end: number): Promise<void> {
    for (let at = start; at < end; ) {
      const block = await context.cache.at(at, end)
      counts.metadataBlocks++
      if (block.content.length < 8192 && block.next < end)
        throw fail(`a block of the ${name} that is not its last is not full`)
      at = block.next
    }
  }

  async function checkFragments(): Promise<void> {
    const table = context.fragments
    if (table === null) return
    const pool = boundedPool()
    for (let n = 0; n < table.count && problems.length < MAX_PROBLEMS; n++) {
      signal?.throwIfAborted()
      const { sizeWord } = decodeFragmentEntry(await table.record(n))
      await pool(() =>
        step(null, async () => {
          fragmentLengths.set(n, (await blocks.fragment(n)).length)
          counts.dataBlocks++
          counts.bytes += sizeWord & 0xff_ffff
        }),
      )
    }
    await pool.end()
  }

  async function checkXattrs(): Promise<void> {
    const table = await xattrs.table()
    if (table === null) return
    for (let n = 0; n < table.ids.count && problems.length < MAX_PROBLEMS; n++)
      await step(null, async () => void (await xattrs.read(n)))
  }

  async function checkTree(): Promise<void> {
    const numbers = inodeSet(superblock.inodeCount)
    const linked = new Map<number, { readonly path: ByteString; readonly number: number; missing: number }>()
    const exports = exportTable()
    const seen = new Map<number, number>()
    const pool = boundedPool()
    for await (const { path, inode, names } of walk(context, '', await rootOf(context))) {
      if (path === '') await checkInode(path, inode)
      if (inode.indexCount > 0) await step(path, () => checkIndex(inode))
      for (const { name, inode: child } of names) {
        counts.names++
        const below = path === '' ? name : `${path}/${name}`
        if (child.type === InodeType.DIRECTORY) {
          if (child.parent !== inode.head.number) report(below, 'it names another directory as its parent')
        } else if (child.links > 1) {
          const known = linked.get(child.reference)
          if (known) {
            known.missing--
            continue
          }
          linked.set(child.reference, { path: below, number: child.head.number, missing: child.links - 1 })
        }
        await checkInode(below, child)
      }
    }
    await pool.end()
    for (const { path, missing } of linked.values()) {
      if (missing !== 0)
        report(
          path,
          `it has ${Math.abs(missing)} ${missing > 0 ? 'fewer' : 'more'} names than its link count says`,
        )
    }
    if (problems.length === 0 && counts.inodes !== superblock.inodeCount)
      report(
        null,
        `it has ${counts.inodes} inodes in its directories, and its superblock says ${superblock.inodeCount}`,
      )

    async function checkInode(path: ByteString, inode: ImageInode): Promise<void> {
      const { number, xattrIndex } = inode.head
      counts.inodes++
      if (!numbers.add(number)) report(path, `its inode number ${number} is that of another inode`)
      await step(path, async () => {
        await xattrs.read(xattrIndex)
        if (exports !== null) {
          const reference = getUint64(viewOf(await exports.record(number - 1)), 0)
          if (reference !== inode.reference) throw fail('the export table says that it is elsewhere')
        }
        if (inode.type === InodeType.FILE) await checkFile(path, inode)
      })
    }

    async function checkFile(path: ByteString, file: ImageFile): Promise<void> {
      const tail = contents.tailOf(file)
      if (file.fragment !== NO_FRAGMENT && tail > 0) {
        const length = fragmentLengths.get(file.fragment)
        if (length === undefined) throw fail(`its fragment block ${file.fragment} cannot be read`)
        if (file.fragmentOffset + tail > length) throw fail('its tail leads out of the fragment block')
      }
      for await (const block of contents.blocks(file)) {
        signal?.throwIfAborted()
        const known = seen.get(block.position)
        // Equal files share their blocks.
        if (known === block.length) continue
        seen.set(block.position, block.length)
        await pool(() => step(path, () => checkBlock(block)))
      }
    }

    async function checkBlock(block: DataBlock): Promise<void> {
      await blocks.decode(block)
      counts.dataBlocks++
      counts.bytes += block.word & 0xff_ffff
    }

    async function checkIndex(directory: ImageDirectory): Promise<void> {
      for await (const { name } of indexOf(context, directory, directory.indexCount)) {
        if ((await lookUp(context, directory, name)) === null)
          throw fail(`its index names ${toDisplay(name)}, which is not found by it`)
      }
    }
  }

  function exportTable(): ReturnType<typeof lookupTable> | null {
    if (superblock.exportTable === null) return null
    const shape = {
      name: 'export table',
      recordSize: 8,
      count: superblock.inodeCount,
      index: superblock.exportTable,
    }
    return lookupTable(context.bytes, context.cache, shape, fail)
  }
}

/** Runs asynchronous work, a limited number at a time. */
function boundedPool(): ((work: () => Promise<void>) => Promise<void>) & { end(): Promise<void> } {
  const running = new Set<Promise<void>>()
  let failed: { readonly error: unknown } | undefined
  const run = async (work: () => Promise<void>) => {
    if (failed) throw failed.error
    const one: Promise<void> = work()
      .catch((error: unknown) => {
        failed ??= { error }
      })
      .finally(() => running.delete(one))
    running.add(one)
    if (running.size >= AT_ONCE) await Promise.race(running)
  }
  return Object.assign(run, {
    async end() {
      await Promise.all(running)
      if (failed) throw failed.error
    },
  })
}
