/** Write image: writes entries of any source to an image. */
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

/** The result of writing an image. */
export interface ImageResult extends ImageSummary {
  /** For each xattr name: the number of inodes on which it was left out, because of the format or the options. */
  readonly droppedXattrs: Readonly<Record<string, number>>
  readonly warnings: readonly Warning[]
  /** How far the base was used; null if there was none. */
  readonly base: BaseResult | null
  /** The record of this packing, for a later packing with this image as its base; null unless the `record` option is set. */
  readonly record: Uint8Array | null
  /** The compressor. The same encoder in the same version gives the same bytes. */
  readonly compression: {
    /** `zstd`, `gzip`, `none`, or the name of the caller's codec. */
    readonly codec: string
    /** `node` or `bundled` for zstd; null if the codec does not declare an encoder. */
    readonly encoder: string | null
    /** The version of the encoder, such as that of zstd; null if the codec does not declare one. */
    readonly version: string | null
  }
}

/**
 * Writes entries to an image.
 *
 * @param entries of a directory, of an image or of the caller, in any order except that a hard link comes after its target; or an
 * overlay. Parent directories may be left out.
 * @param destination the path of the image file, which appears when the image is complete, or a sink.
 * @throws OptionError; EntryError; LimitError; UnreadableError with all paths that could not be read or changed while they were
 * read; TemporaryFileError; CodecError; DestinationError; the reason of the signal if aborted. After an error, streams that were
 * not read to their end are destroyed.
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
    for (const layer of layersOf(entries)) contents.expect(layer)
    checkOptions(options, IMAGE_OPTIONS)
    checkValue('entries', entries, IMAGE_ENTRIES)
    checkDestination(destination)
    return await write(entries, destination, options, resolveOptions(options), contents)
  } finally {
    await contents.close()
  }
}

/** All layers of an overlay, the lowest first. The values are not checked. */
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
            ...(beforeTables && { beforeTables: () => beforeTables(examined?.results ?? new Map()) }),
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

/** The tree to pack, and the files to examine. */
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
