/** Executor: does the jobs of a thread, one after another. It uses blocking calls, which are much faster than Node's asynchronous ones. */
import type { Codec } from '../../codec/codec.js'
import { codecFrom } from '../../codec/from-recipe.js'
import { type BlockEncoder, encodeBlock } from '../../image/encode-block.js'
import { asBytePath } from '../../tree/byte-string.js'
import { loadSourceCalls } from '../filesystem.js'
import {
  type BaseBlocks,
  baseBlocks,
  checkBase,
  type EncodedOrReused,
  joinedParts,
  reuseOrEncode,
  tryBase,
} from './base-blocks.js'
import { createCallTimer } from './call-timer.js'
import { EnteredDirectories } from './entered-directories.js'
import { attempt } from './failure.js'
import { digestFile, examineFiles, extentsOf, type FileTools } from './file-jobs.js'
import { createOpenFiles, type OpenFiles } from './open-files.js'
import { type Permits, permitsOf } from './permits.js'
import type { BaseAccess, Examine, ExecutorSetup, JobMessage, Jobs, ResponseMessage } from './protocol.js'
import { readRanges } from './read-ranges.js'
import { statBatch } from './stat-batch.js'

/** Does the jobs of one thread: a worker, or the calling thread. */
export class Executor {
  readonly #setup: ExecutorSetup
  readonly #timer = createCallTimer()
  readonly #permits: Permits
  #codec: Codec | null
  #files: OpenFiles | null = null
  /** Those that it lists. */
  #directories: EnteredDirectories | null = null
  #base: BaseBlocks | null = null
  /** Created for the first job. */
  #tools: Promise<FileTools> | null = null

  /** @param ownCodec the codec of the calling thread; null in a worker, which creates its own. */
  constructor(setup: ExecutorSetup, ownCodec: Codec | null) {
    this.#setup = setup
    this.#permits = permitsOf(setup.permits)
    this.#codec = ownCodec
  }

  /** Loads the codec and all modules, before the first job needs them. If that fails, each job fails with the error. */
  async prepare(): Promise<void> {
    this.#tools ??= this.#makeTools()
    await this.#tools.catch(() => {})
  }

  async run(message: JobMessage): Promise<ResponseMessage> {
    const { id } = message
    this.#tools ??= this.#makeTools()
    try {
      const tools = await this.#tools
      this.#timer.reset()
      const response = await this.#work(message, tools)
      return { id, response, ...this.#calls() }
    } catch (error) {
      return { id, error, ...this.#calls() }
    }
  }

  /** Closes the file and the directories that are still open. */
  close(): void {
    this.#files?.close()
    this.#directories?.close()
  }

  #calls(): Pick<ResponseMessage, 'calls' | 'slowCalls'> {
    const { calls, slowCalls } = this.#timer
    return { calls, slowCalls }
  }

  async #makeTools(): Promise<FileTools> {
    const { codec, blockSize, uncompressedData, uncompressedTails, examiner } = this.#setup
    const source = await loadSourceCalls()
    if (!this.#codec && codec) this.#codec = await codecFrom(codec)
    const files = createOpenFiles(source, this.#timer)
    this.#files = files
    const encode: BlockEncoder = (...block) => this.#encode(...block)
    return {
      source,
      files,
      encode,
      reuseOrEncode: (bytes, uncompressed, candidate, access, output) =>
        reuseOrEncode(bytes, uncompressed, candidate, this.#blocksOf(access), encode, output),
      blockSize,
      uncompressedData,
      uncompressedTails,
      scratch: new Uint8Array(blockSize),
      examine: examiner === null ? null : await loadExaminer(examiner),
      pathOf: ({ directory, name }) =>
        asBytePath(`${directory.path}/${name}`.slice(directory.prefixLength ?? 0)),
    }
  }

  #work(message: JobMessage, tools: FileTools): unknown {
    switch (message.name) {
      case 'stat':
        this.#directories ??= new EnteredDirectories(tools.source)
        return statBatch(message.request, this.#directories, this.#timer)
      case 'read':
        return readRanges(message.request, tools)
      case 'encode':
        return this.#encodeAlone(message.request, tools)
      case 'digest':
        return attempt(() => digestFile(message.request, tools))
      case 'extents':
        return attempt(() => extentsOf(message.request, tools))
      case 'examine':
        return examineFiles(message.request, tools)
      case 'check-base':
        return checkBase(message.request)
      case 'try-base':
        return tryBase(message.request.blocks, this.#blocksOf(message.request.base), tools.encode)
    }
  }

  /** The blocks of the base. All jobs have the same base. */
  #blocksOf(access: BaseAccess): BaseBlocks {
    this.#base ??= baseBlocks(access, this.#setup.blockSize)
    return this.#base
  }

  /** Encodes a single block into memory of its own. */
  async #encodeAlone(
    { parts, uncompressed, base, candidate }: Jobs['encode']['request'],
    { encode }: FileTools,
  ): Promise<Jobs['encode']['response']> {
    const blocks = base ? this.#blocksOf(base) : null
    const bytes = await joinedParts(parts, blocks)
    const encoded: EncodedOrReused | Promise<EncodedOrReused> =
      candidate && blocks
        ? reuseOrEncode(bytes, uncompressed, candidate, blocks, encode)
        : encode(bytes, uncompressed)
    const { data, sizeWord, takenFromBase } = await encoded
    return { data: new Uint8Array(data), sizeWord, ...(takenFromBase && { takenFromBase }) }
  }

  /** Encodes a block, after waiting for a permit to compress. */
  #encode(bytes: Uint8Array, uncompressed: boolean, output?: Uint8Array): ReturnType<BlockEncoder> {
    const codec = this.#codec
    if (!codec) throw new TypeError('there is no codec')
    if (uncompressed || codec.uncompressed) return encodeBlock(codec, bytes, true)
    const permits = this.#permits
    permits.acquire()
    let encoded: ReturnType<BlockEncoder>
    try {
      encoded = encodeBlock(codec, bytes, false, output)
    } catch (error) {
      permits.release()
      throw error
    }
    if (encoded instanceof Promise) return encoded.finally(permits.release)
    permits.release()
    return encoded
  }
}

async function loadExaminer(url: string): Promise<Examine> {
  const { default: examine }: { default?: unknown } = await import(url)
  if (typeof examine !== 'function') throw new TypeError(`${url}: its default export is not a function`)
  return examine as Examine
}
