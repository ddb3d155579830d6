/** Assesses the environment in an image. Nothing is mounted. */
import { type ByteString, toByteString } from 'squashfs-writer/paths'
import { compilePatterns } from 'squashfs-writer/patterns'
import { type ImageFile, InodeType, type OpenImage } from 'squashfs-writer/read'
import type { Environment } from '../environment/environment.js'
import { type Assessment, assess, type Plan } from './assessment.js'
import type { Content, Entry, ExaminedContents } from './entry.js'
import { entryInImage } from './entry-in-image.js'
import { hasRelevantContent, readingOf } from './examiner.js'
import { contentsIn, type InterpreterLookup, type Inventory, onDisk } from './inventory.js'

/** @param environment its path is the assumed mount point of the image. */
export async function assessImage(
  image: OpenImage,
  environment: Environment,
  plan: Plan,
): Promise<Assessment> {
  const { entries, files } = await entriesIn(image, plan.exclude)
  const contents = await readContents(image, files)
  const root = toByteString(environment.realPath)
  return assess(environment, plan, entries, contents, (at) => lookupIn(root, at, contentsIn(contents)))
}

interface FileInImage {
  readonly entry: Entry
  readonly inode: ImageFile
}

async function entriesIn(
  image: OpenImage,
  exclude: readonly string[],
): Promise<{ readonly entries: readonly Entry[]; readonly files: readonly FileInImage[] }> {
  const isExcluded = compilePatterns('exclude', exclude) ?? (() => false)
  const excluded = new Set<ByteString>()
  const entries: Entry[] = []
  const files: FileInImage[] = []
  for await (const { path: above, inode, names } of image.walk()) {
    if (above === '') entries.push(entryInImage('', inode))
    for (const { name, inode } of names) {
      const path = above === '' ? name : `${above}/${name}`
      if (excluded.has(above) || isExcluded(path)) {
        if (inode.type === InodeType.DIRECTORY) excluded.add(path)
        continue
      }
      const entry = entryInImage(path, inode)
      entries.push(entry)
      if (inode.type === InodeType.FILE && hasRelevantContent(entry)) files.push({ entry, inode })
    }
  }
  return { entries, files }
}

/** Reads files in the order of their contents, so that blocks they share are decompressed once. */
async function readContents(image: OpenImage, files: readonly FileInImage[]): Promise<ExaminedContents> {
  const contents: ExaminedContents = new Map()
  const inOrder = [...files].sort((a, b) => a.inode.head.number - b.inode.head.number)
  for (const { entry, inode } of inOrder) contents.set(entry.path, await contentOf(image, entry, inode))
  return contents
}

async function contentOf(image: OpenImage, entry: Entry, inode: ImageFile): Promise<Content | null> {
  const reading = readingOf(entry)
  if (reading === undefined) return null
  for (let bytes: Uint8Array[] = []; ; ) {
    const { value, done } = reading.next(bytes)
    if (done) return value
    bytes = []
    for (const { start, length } of value) bytes.push(await image.readRange(inode, start, length))
  }
}

/** Looks up paths below the mount point in the image, and all others on disk. */
function lookupIn(
  root: ByteString,
  at: () => ReadonlyMap<ByteString, Entry>,
  { contentOf }: Pick<Inventory, 'contentOf'>,
): InterpreterLookup {
  const entryAt = (path: ByteString) => at().get(path.slice(root.length + 1))
  const isInside = (path: ByteString) => path.startsWith(`${root}/`)
  return {
    linkTarget(path) {
      if (!isInside(path)) return onDisk.linkTarget(path)
      const entry = entryAt(path)
      return entry && (entry.type === 'symlink' ? entry.target : null)
    },
    exists: (path) => (isInside(path) ? entryAt(path) !== undefined : onDisk.exists(path)),
    executable: (path) =>
      isInside(path) ? ((entryAt(path)?.mode ?? 0) & 0o111) !== 0 : onDisk.executable(path),
    machine(path) {
      if (!isInside(path)) return onDisk.machine(path)
      const entry = entryAt(path)
      const content = entry && contentOf(entry)
      return content?.kind === 'elf' ? content.elf.machine : null
    },
  }
}
