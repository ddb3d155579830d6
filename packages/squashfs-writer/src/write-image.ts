/** Write image: from entries, wherever they come from, to an image. */

import type { BaseResult } from './base/base-result.js'
import { withBase } from './base/with-base.js'
import { findDestination, writeDestination } from './destination/file.js'
import type { Unreadable } from './errors.js'
import type { Sink } from './image/output.js'
import { type ImageSummary, writeTree } from './image/write-tree.js'
import { checkOptions, checkValue } from './option-rules.js'
import {
  checkDestination,
  IMAGE_OPTIONS,
  type ImageOptions,
  resolveOptions,
  type Settings,
  UNREADABLE_REMEDY,
} from './options.js'
import { IMAGE_ENTRIES, type ImageEntries, Overlay } from './overlay.js'
import { type Contents, createContents } from './source/contents.js'
import { type Examined, examinationOf } from './source/examination.js'
import { type Pool, withPool } from './source/workers/pool.js'
import { type ByteString, toDisplay } from './tree/byte-string.js'
import { compileRules, type Warning } from './tree/rules.js'
import { scanOf, type Tree, type TreeContext, treeOf } from './tree-of-entries.js'
import { untilAborted } from './until-aborted.js'

/** What became of the entries. */
export interface ImageResult extends ImageSummary {
  /** By name: on how many inodes an xattr was left out, by the format's limits or the rules. */
  readonly droppedXattrs: Readonly<Record<string, number>>
  readonly warnings: readonly Warning[]
  /** What was taken over from the base; null where none was given. */
  readonly base: BaseResult | null
  /** The record of this packing, to be given with the image when it is a base; null where none was asked for. */
  readonly record: Uint8Array | null
  /** What compressed the blocks: the same encoder in the same version gives the same bytes. */
  readonly compression: {
    /** `zstd`, `gzip`, `none`, or the name of the program's own codec. */
    readonly codec: string
    /** `node` or `bundled` for zstd; null where the codec does not say. */
    readonly encoder: string | null
    /** The encoder's version: that of zstd. */
    readonly version: string | null
  }
}

/**
 * Writes an image with the given entries.
 *
 * @param entries of a directory, of an image, or of a program, in any order except that a hard link comes after its target;
 * or an overlay of any of these. Directories on the way may be left out.
 * @param destination a file's path, which gets the image only when it is complete, or a sink.
 * @throws OptionError; EntryError; LimitError; UnreadableError with every path that could not be read or that changed meanwhile;
 * TemporaryFileError; CodecError; DestinationError; the signal's reason when aborted. Streams that were given as content and
 * not read to their end are then destroyed.
 * @example
 * await writeImage(
 *   [
 *     { type: 'file', path: 'etc/motd', content: 'Welcome.\n' },
 *     { type: 'symlink', path: 'motd', target: 'etc/motd' },
 *   ],
 *   'motd.squashfs',
 * )
 */
export async function writeImage(
  entries: ImageEntries,
  destination: string | Sink,
  options: ImageOptions = {},
): Promise<ImageResult> {
  const contents = createContents(UNREADABLE_REMEDY)
  try {
    for (const given of layersOf(entries)) contents.expect(given)
    checkOptions(options, IMAGE_OPTIONS)
    checkValue('entries', entries, IMAGE_ENTRIES)
    checkDestination(destination)
    return await write(entries, destination, options, resolveOptions(options), contents)
  } finally {
    await contents.close()
  }
}

/** Everything that gives entries, also where it cannot be used. */
function* layersOf(entries: unknown): Generator<unknown> {
  if (entries instanceof Overlay) {
    yield* layersOf(entries.entries)
    yield entries.more
  } else yield entries
}

async function write(
  entries: ImageEntries,
  destination: string | Sink,
  { examination, beforeTables }: ImageOptions,
  settings: Settings,
  contents: Contents,
): Promise<ImageResult> {
  const { signal, onProgress, onStored } = settings
  signal.throwIfAborted()
  const place = typeof destination === 'string' ? await findDestination(destination, settings.replace) : null
  const { codec, blockSize, uncompressed } = settings.image
  const poolOptions = {
    threads: settings.threads,
    codec,
    blockSize,
    uncompressedData: uncompressed.has('data'),
    uncompressedTails: uncompressed.has('fragments'),
    examiner: examination?.examiner ?? null,
  }
  return await withPool(poolOptions, signal, (pool) =>
    withBase(settings, pool, async (prepare) => {
      const applied = compileRules(settings.rules)
      const planned = planOf(entries, examination, settings, pool, { rules: applied.rules, contents })
      const { root, missing, examined } = await untilAborted(signal, planned)
      if (settings.rootMode !== null) root.mode = settings.rootMode
      const packed = { root, accessRules: applied.access, examination: examined }
      const { reader, encode, result, ...context } = await untilAborted(signal, prepare(packed))
      const write = (sink: Sink) =>
        untilAborted(
          signal,
          writeTree(root, reader, encode, sink, settings.image, missing, signal, onProgress, {
            onStored,
            ...(beforeTables && { beforeTables: () => beforeTables(examined?.answers ?? new Map()) }),
            ...context,
          }),
        ).finally(() => context.base?.copies.end())
      if (!place) (destination as Sink).begin?.()
      const {
        result: summary,
        identity,
        warnings,
      } = place
        ? await writeDestination(place, settings.image.offset, settings.beforeReplace, signal, write)
        : { result: await write(destination as Sink), identity: null, warnings: [] }
      return {
        ...summary,
        ...result(identity),
        compression: {
          codec: codec.name,
          encoder: codec.encoder?.name ?? null,
          version: codec.encoder?.version ?? null,
        },
        droppedXattrs: namesAndCounts(applied.droppedXattrs),
        warnings: [...applied.warnings.sort((a, b) => (a.path < b.path ? -1 : 1)), ...warnings],
      }
    }),
  )
}

/** What is packed, and what is examined on the way. */
interface Plan extends Tree {
  readonly examined: Examined | null
}

async function planOf(
  entries: ImageEntries,
  examination: ImageOptions['examination'],
  settings: Settings,
  pool: Pool,
  context: Pick<TreeContext, 'rules' | 'contents'>,
): Promise<Plan> {
  const failed: Unreadable[] = []
  const scanned = await scanOf(entries, { pool, xattrs: settings.xattrsRead, control: settings })
  const examined = examination ? await examinationOf(examination.files, examination.version ?? null) : null
  const { root, missing } = await treeOf(entries, scanned, {
    ...context,
    control: settings,
    onUnreadable(error) {
      if (settings.image.unreadable === 'fail') throw error
      failed.push(...error.paths)
    },
  })
  return { root, missing: [...missing, ...failed], examined }
}

function namesAndCounts(counts: ReadonlyMap<ByteString, number>): Record<string, number> {
  const sorted = [...counts].sort(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(sorted.map(([name, count]) => [toDisplay(name), count]))
}
