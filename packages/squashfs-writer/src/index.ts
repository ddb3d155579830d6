/**
 * squashfs-writer: writes squashfs 4.0 images.
 *
 * {@link writeImage} writes entries: those of a directory ({@link openDirectory}), of the caller, of an image, or of an
 * {@link overlay}. {@link packDirectory} opens a directory and writes it in one call. The encoders of single structures are in
 * `squashfs-writer/format`.
 */
export type { BaseResult } from './base/base-result.js'
export type { BaseProblem } from './base/open-base.js'
export { type Codec, type CodecRecipe, uncompressed } from './codec/codec.js'
export { gzip, portableGzip } from './codec/gzip.js'
export { type ZstdEncoder, zstd } from './codec/zstd.js'
export { type MemorySink, memorySink } from './destination/memory-sink.js'
export {
  CodecError,
  DestinationError,
  EntryError,
  LimitError,
  OptionError,
  SquashfsError,
  type SquashfsErrorCode,
  TemporaryFileError,
  type Unreadable,
  UnreadableError,
} from './errors.js'
export type { Sink } from './image/output.js'
export type { Census, Progress, StoredFile, UncompressedPart } from './image/write-tree.js'
export { type DirectoryChoice, type DirectoryOptions, openDirectory } from './open-directory.js'
export { type Examiner, type ImageOptions, sourceDateEpoch } from './options.js'
export { type Entries, type ImageEntries, type Overlay, overlay } from './overlay.js'
export { type PackOptions, packDirectory } from './pack-directory.js'
export type { UnreadableEntry } from './source/found-entries.js'
export type { OpenDirectory } from './source/open-directory.js'
export type { Examine, Failure } from './source/workers/protocol.js'
export type { Bytes } from './tree/bytes.js'
export type {
  DeviceEntry,
  DirectoryEntry,
  Entry,
  EntryAttributes,
  EntryContent,
  FileEntry,
  HardLinkEntry,
  IpcEntry,
  SymlinkEntry,
} from './tree/entry.js'
export type {
  FoundContent,
  FoundDirectory,
  FoundEntry,
  FoundFile,
  FoundHardLink,
} from './tree/found-entry.js'
export type { Warning } from './tree/rules.js'
export { type ImageResult, writeImage } from './write-image.js'
