/** Directory reader: reads all entries of a directory, or looks up one by the directory's index. */
import { viewOf } from '../format/byte-order.js'
import { decodeRun, LONGEST_RUN, type RunEntry } from '../format/directory.js'
import { decodeIndexEntry, INDEX_ENTRY_SIZE } from '../format/inode.js'
import { decodeMetadataReference, METADATA_BLOCK_SIZE, type MetadataPlace } from '../format/metadata-block.js'
import { type ByteString, fromBytes, toDisplay } from '../tree/byte-string.js'
import { type ImageDirectory, type ImageInode, inodeAt } from './inode-reader.js'
import type { ReaderContext } from './reader-context.js'

/** A directory entry with its inode. */
export interface ImageName {
  readonly name: ByteString
  readonly inode: ImageInode
}

/** A directory entry before its inode is read. */
interface Listed {
  readonly name: ByteString
  readonly entry: RunEntry
}

/** All entries of a directory, in ascending order of name bytes. */
export async function namesIn(context: ReaderContext, directory: ImageDirectory): Promise<ImageName[]> {
  const names: ImageName[] = []
  for await (const run of runsOf(context, directory, 0, listingPlace(directory))) {
    for (const listed of run) {
      const inode = inodeOf(context, listed)
      names.push({ name: listed.name, inode: inode instanceof Promise ? await inode : inode })
    }
  }
  return names
}

/** Looks up a name in a directory; null if there is none. Reads only the part of the listing that may contain it. */
export async function lookUp(
  context: ReaderContext,
  directory: ImageDirectory,
  name: ByteString,
): Promise<ImageInode | null> {
  const { offset, place } = await startFor(context, directory, name)
  for await (const run of runsOf(context, directory, offset, place)) {
    for (const listed of run) {
      if (listed.name === name) return await inodeOf(context, listed)
      if (listed.name > name) return null
    }
  }
  return null
}

function listingPlace({ listingBlock, listingOffset }: ImageDirectory): MetadataPlace {
  return { block: listingBlock, offset: listingOffset }
}

/** Where to begin the lookup of a name: at the last index entry that is not greater than the name. */
async function startFor(
  context: ReaderContext,
  directory: ImageDirectory,
  name: ByteString,
): Promise<{ offset: number; place: MetadataPlace }> {
  const { listingOffset, listingSize, indexCount } = directory
  let start = { offset: 0, place: listingPlace(directory) }
  for await (const entry of indexOf(context, directory, indexCount)) {
    if (entry.name > name) break
    // gensquashfs also writes an entry for the first block.
    if (entry.offset < start.offset || entry.offset >= listingSize)
      throw context.fail('the index of a directory leads out of it')
    // As the kernel computes it (fs/squashfs/namei.c, get_dir_index_using_name).
    const place = { block: entry.block, offset: (listingOffset + entry.offset) % METADATA_BLOCK_SIZE }
    start = { offset: entry.offset, place }
  }
  return start
}

/** The index entries of a directory. */
export async function* indexOf(
  context: ReaderContext,
  directory: ImageDirectory,
  count: number,
): AsyncGenerator<{ readonly offset: number; readonly block: number; readonly name: ByteString }> {
  if (count === 0) return
  const cursor = context.inodes.cursor(decodeMetadataReference(directory.reference))
  await cursor.take(EXTENDED_DIRECTORY_SIZE)
  for (let n = 0; n < count; n++) {
    const { offset, block, nameLength } = decodeIndexEntry(await cursor.take(INDEX_ENTRY_SIZE))
    if (nameLength > LONGEST_NAME) throw context.fail('a name in the index of a directory is too long')
    yield { offset, block, name: fromBytes(await cursor.take(nameLength)) }
  }
}

/** Bytes of the fixed part of an extended directory inode. */
const EXTENDED_DIRECTORY_SIZE = 40
/** Maximum length of a name in the format. The limit of Linux is 255. */
export const LONGEST_NAME = 256
/** Bytes of a listing that are read at a time. */
export const PIECE = 2 * LONGEST_RUN

/** The runs of a listing, beginning at an offset. All names are checked. */
async function* runsOf(
  context: ReaderContext,
  { listingSize }: ImageDirectory,
  offset: number,
  place: MetadataPlace,
): AsyncGenerator<Listed[]> {
  const { listings, fail } = context
  if (listingSize - offset > listings.capacity(place))
    throw fail('a directory is larger than the directory table')
  let previous: ByteString = ''
  for (let at = offset, from = place; at < listingSize; ) {
    const bytes = await listings.read(from, Math.min(listingSize - at, PIECE))
    const view = viewOf(bytes)
    let taken = 0
    for (;;) {
      const run = runAt(context, view, taken)
      if (run === null) break
      const listed = run.entries.map((entry) => ({ name: checkedName(context, bytes, entry), entry }))
      for (const { name } of listed) {
        if (name <= previous)
          throw fail(
            `${toDisplay(name)} comes after ${toDisplay(previous)} in a directory: names must ascend`,
          )
        previous = name
      }
      yield listed
      taken = run.end
    }
    if (taken === 0) throw fail('a directory ends in the middle of an entry')
    at += taken
    if (at < listingSize) from = await listings.after(from, taken)
  }
}

function runAt({ fail }: ReaderContext, view: DataView, offset: number): ReturnType<typeof decodeRun> {
  try {
    return decodeRun(view, offset)
  } catch (cause) {
    if (cause instanceof RangeError) throw fail(cause.message, undefined, cause)
    throw cause
  }
}

/** Checks a name. A name such as `..` or `a/b` would refer to another directory. */
function checkedName(
  { fail }: ReaderContext,
  bytes: Uint8Array,
  { nameStart, nameEnd }: RunEntry,
): ByteString {
  const name = fromBytes(bytes.subarray(nameStart, nameEnd))
  if (
    name.length > LONGEST_NAME ||
    name === '.' ||
    name === '..' ||
    name.includes('/') ||
    name.includes('\0')
  )
    throw fail(`${JSON.stringify(toDisplay(name))} cannot be a name in a directory`)
  return name
}

function inodeOf(context: ReaderContext, { name, entry }: Listed): ImageInode | Promise<ImageInode> {
  const place = { block: entry.inodeBlock, offset: entry.inodeOffset }
  const inode = inodeAt(context, place)
  return inode instanceof Promise ? inode.then(checked) : checked(inode)

  function checked(found: ImageInode): ImageInode {
    if (found.type === entry.type && found.head.number === entry.inodeNumber) return found
    throw context.fail(`the entry of ${toDisplay(name)} and its inode contradict each other`)
  }
}
