/** Tree of entries: builds the tree to pack from entries, overlays and scanned directories, and applies the rules. */
import { type Unreadable, UnreadableError } from './errors.js'
import { type Entries, type ImageEntries, Overlay } from './overlay.js'
import type { Contents } from './source/contents.js'
import { FoundEntries, type LentScan } from './source/found-entries.js'
import { mergeInto } from './tree/addition.js'
import { applyRulesInPlace, copyWithRules } from './tree/apply-rules.js'
import { type AttributeRules, addEntry, checkEntry, type Entry } from './tree/entry.js'
import { type DirectoryNode, directoryNode } from './tree/node.js'

export interface TreeContext {
  readonly control: LentScan['control']
  readonly rules: AttributeRules
  readonly contents: Contents
  /** Called with the error of a stream. If it throws, the work stops. */
  readonly onUnreadable: (error: UnreadableError) => void
}

export interface Tree {
  readonly root: DirectoryNode
  /** Paths that could not be read and are not in the tree. */
  readonly missing: readonly Unreadable[]
}

/** The tree of a scanned directory, before the rules are applied. */
type Scanned = Awaited<ReturnType<FoundEntries['scanned']>>

/** Scans the directory to which the entries belong, or over which they are laid; null if there is none. */
export async function scanOf(entries: ImageEntries, context: LentScan): Promise<Scanned | null> {
  if (entries instanceof Overlay) return await scanOf(entries.entries, context)
  return entries instanceof FoundEntries ? await entries.scanned(context) : null
}

/**
 * Builds the tree of the entries.
 * @param scanned the result of {@link scanOf} for these entries.
 * @throws EntryError and LimitError for an invalid entry; UnreadableError; the errors of the iterables.
 */
export async function treeOf(
  entries: ImageEntries,
  scanned: Scanned | null,
  context: TreeContext,
): Promise<Tree> {
  if (entries instanceof Overlay) {
    const tree = await treeOf(entries.entries, scanned, context)
    context.control.signal.throwIfAborted()
    const merge = mergeInto(tree.root, context.rules)
    await forEachEntry(entries.more, 'more', context, merge)
    return tree
  }
  if (entries instanceof FoundEntries && scanned) {
    const ruled = entries.areSpent() ? applyRulesInPlace : copyWithRules
    return { root: ruled(scanned.root, context.rules), missing: scanned.missing }
  }
  const root = directoryNode(context.rules('', { mode: 0o755, uid: 0, gid: 0, mtime: 0, xattrs: [] }))
  await forEachEntry(entries, 'entries', context, (entry, content) =>
    addEntry(root, entry, context.rules, content),
  )
  return { root, missing: [] }
}

/** @param name of the list in errors about an entry without a path, such as `entries[2]`. */
async function forEachEntry(
  entries: Entries,
  name: string,
  { contents, control, onUnreadable }: TreeContext,
  put: (entry: Entry, content: Parameters<typeof addEntry>[3]) => void,
): Promise<void> {
  let number = 0
  for await (const given of entries) {
    control.signal.throwIfAborted()
    const entry = checkEntry(given, `${name}[${number++}]`)
    try {
      put(entry, entry.type === 'file' ? await contents.of(entry) : null)
    } catch (error) {
      if (!(error instanceof UnreadableError)) throw error
      onUnreadable(error)
    }
  }
}
