/** Executor: does jobs one after another, with blocking calls, which cost far less than Node's asynchronous ones. */
import type { Codec } from '../../codec/codec.js'
import { codecFrom } from '../../codec/from-recipe.js'
import { type BlockEncoder, encodeBlock } from '../../image/encode-block.js'
import { asBytePath } from '../../tree/byte-string.js'
import { loadSourceCalls } from '../filesystem.js'
import {
  type BaseBlocks,
  baseBlocks,
  checkBase,
  type EncodedOrTaken,
  joinedParts,
  takenOrEncoded,
  tryBase,
} from './base-blocks.js'
import { createCallTimer } from './call-timer.js'
import { EnteredDirectories } from './entered-directories.js'
import { attempt } from './failure.js'
import { digestFile, examineFiles, extentsOf, type FileTools } from './file-jobs.js'
import { createOpenFiles, type OpenFiles } from './open-files.js'
import { type Permits, permitsOf } from './permits.js'
import type { AnswerMessage, BaseAccess, Examine, ExecutorSetup, JobMessage, Jobs } from './protocol.js'
import { readRanges } from './read-ranges.js'
import { statBatch } from './stat-batch.js'

/** Does the jobs of one thread: a worker, or the calling thread. */
export class Executor {
  readonly #setup: ExecutorSetup
  readonly #timer = createCallTimer()
  readonly #permits: Permits
  #codec: Codec | null
  #files: OpenFiles | null = null
  #directories: EnteredDirectories | null = null
  #base: BaseBlocks | null = null
  /** Made when the first job comes. */
  #tools: Promise<FileTools> | null = null

  /** @param ownCodec the codec of the calling thread; a worker makes its own. */
  constructor(setup: ExecutorSetup, ownCodec: Codec | null) {
    this.#setup = setup
    this.#permits = permitsOf(setup.permits)
    this.#codec = ownCodec
  }

  /** Loads what jobs are done with. Otherwise the first job does; what cannot be loaded each job fails with. */
  async prepare(): Promise<void> {
    this.#tools ??= this.#makeTools()
    await this.#tools.catch(() => {})
  }

  async run(message: JobMessage): Promise<AnswerMessage> {
    const { id } = message
    this.#tools ??= this.#makeTools()
    try {
      const tools = await this.#tools
      this.#timer.reset()
      const answer = await this.#work(message, tools)
      return { id, answer, ...this.#calls() }
    } catch (error) {
      return { id, error, ...this.#calls() }
    }
  }

  /** Closes the file and the directories that may be open still. */
  close(): void {
    this.#files?.close()
    this.#directories?.close()
  }

  #calls(): Pick<AnswerMessage, 'calls' | 'slowCalls'> {
    const { calls, slowCalls } = this.#timer
    return { calls, slowCalls }
  }

  async #makeTools(): Promise<FileTools> {
    const { codec, blockSize, storeData, storeTails, examiner } = this.#setup
    const source = await loadSourceCalls()
    if (!this.#codec && codec) this.#codec = await codecFrom(codec)
    const directories = new EnteredDirectories(source)
    const files = createOpenFiles(source, directories, this.#timer)
    this.#directories = directories
    this.#files = files
    const encode: BlockEncoder = (...block) => this.#encode(...block)
    return {
      source,
      directories,
      files,
      encode,
      encodeLike: (bytes, stored, like, access, room) =>
        takenOrEncoded(bytes, stored, like, this.#blocksOf(access), encode, room),
      blockSize,
      storeData,
      storeTails,
      room: new Uint8Array(blockSize),
      examine: examiner === null ? null : await loadExaminer(examiner),
      pathOf: ({ directory, name }) => asBytePath(`${directory.path}/${name}`.slice(directory.above ?? 0)),
    }
  }

  #work(message: JobMessage, tools: FileTools): unknown {
    switch (message.name) {
      case 'stat':
        return statBatch(message.ask, tools.directories, this.#timer)
      case 'read':
        return readRanges(message.ask, tools)
      case 'encode':
        return this.#encodeAlone(message.ask, tools)
      case 'digest':
        return attempt(() => digestFile(message.ask, tools))
      case 'extents':
        return attempt(() => extentsOf(message.ask, tools))
      case 'examine':
        return examineFiles(message.ask, tools)
      case 'check-base':
        return checkBase(message.ask)
      case 'try-base':
        return tryBase(message.ask.blocks, this.#blocksOf(message.ask.base), tools.encode)
    }
  }

  /** There is one base for all jobs. */
  #blocksOf(access: BaseAccess): BaseBlocks {
    this.#base ??= baseBlocks(access, this.#setup.blockSize)
    return this.#base
  }

  /** Encodes a block that is kept. */
  async #encodeAlone(
    { parts, stored, base, like }: Jobs['encode']['ask'],
    { encode }: FileTools,
  ): Promise<Jobs['encode']['answer']> {
    const blocks = base ? this.#blocksOf(base) : null
    const bytes = await joinedParts(parts, blocks)
    const encoded: EncodedOrTaken | Promise<EncodedOrTaken> =
      like && blocks ? takenOrEncoded(bytes, stored, like, blocks, encode) : encode(bytes, stored)
    const { data, sizeWord, takenFromBase } = await encoded
    return { data: new Uint8Array(data), sizeWord, ...(takenFromBase && { takenFromBase }) }
  }

  /** Encodes a block once few enough threads compress. */
  #encode(bytes: Uint8Array, stored: boolean, room?: Uint8Array): ReturnType<BlockEncoder> {
    const codec = this.#codec
    if (!codec) throw new TypeError('there is no codec')
    if (stored || codec.stores) return encodeBlock(codec, bytes, true)
    const permits = this.#permits
    permits.take()
    let encoded: ReturnType<BlockEncoder>
    try {
      encoded = encodeBlock(codec, bytes, false, room)
    } catch (error) {
      permits.give()
      throw error
    }
    if (encoded instanceof Promise) return encoded.finally(permits.give)
    permits.give()
    return encoded
  }
}

async function loadExaminer(url: string): Promise<Examine> {
  const { default: examine }: { default?: unknown } = await import(url)
  if (typeof examine !== 'function') throw new TypeError(`${url}: its default export is not a function`)
  return examine as Examine
}
