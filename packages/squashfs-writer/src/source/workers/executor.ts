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
import { attempt } from './failure.js'
import { digestFile, examineFiles, extentsOf, type FileTools } from './file-jobs.js'
import { createOpenFiles, type OpenFiles } from './open-files.js'
import { permitsOf } from './permits.js'
import type { AnswerMessage, BaseAccess, Examine, ExecutorSetup, JobMessage, Jobs } from './protocol.js'
import { readRanges } from './read-ranges.js'
import { statBatch } from './stat-batch.js'

/** Does the jobs of one thread: a worker, or the calling thread. */
export interface Executor {
  /** Loads what jobs are done with. Otherwise the first job does; what cannot be loaded each job fails with. */
  prepare(): Promise<void>
  run(message: JobMessage): Promise<AnswerMessage>
  /** Closes the file and the directory that may be open still. */
  close(): void
}

/**
 * @param ownCodec the codec of the calling thread; a worker makes its own.
 */
export function createExecutor(setup: ExecutorSetup, ownCodec: Codec | null): Executor {
  const timer = createCallTimer()
  const permits = permitsOf(setup.permits)
  let codec = ownCodec
  let files: OpenFiles | null = null
  let base: BaseBlocks | null = null
  /** Made when the first job comes. */
  let tools: Promise<FileTools> | null = null

  return {
    async prepare() {
      tools ??= makeTools()
      await tools.catch(() => {})
    },
    async run(message) {
      const { id } = message
      tools ??= makeTools()
      try {
        const ready = await tools
        timer.reset()
        const answer = await work(message, ready)
        return { id, answer, calls: timer.calls, slowCalls: timer.slowCalls }
      } catch (error) {
        return { id, error, calls: timer.calls, slowCalls: timer.slowCalls }
      }
    },
    close: () => files?.close(),
  }

  async function makeTools(): Promise<FileTools> {
    const source = await loadSourceCalls()
    if (!codec && setup.codec) codec = await codecFrom(setup.codec)
    files = createOpenFiles(source, timer)
    return {
      source,
      files,
      encode,
      encodeLike: (bytes, stored, like, access, room) =>
        takenOrEncoded(bytes, stored, like, blocksOf(access), encode, room),
      blockSize: setup.blockSize,
      storeData: setup.storeData,
      storeTails: setup.storeTails,
      room: new Uint8Array(setup.blockSize),
      examine: setup.examiner === null ? null : await loadExaminer(setup.examiner),
      pathOf: ({ directory, name }) => asBytePath(`${directory.path}/${name}`.slice(directory.above ?? 0)),
    }
  }

  function work(message: JobMessage, tools: FileTools): unknown {
    switch (message.name) {
      case 'stat':
        return statBatch(message.ask, tools.source, timer)
      case 'read':
        return readRanges(message.ask, tools)
      case 'encode':
        return encodeAlone(message.ask)
      case 'digest':
        return attempt(() => digestFile(message.ask, tools))
      case 'extents':
        return attempt(() => extentsOf(message.ask, tools))
      case 'examine':
        return examineFiles(message.ask, tools)
      case 'check-base':
        return checkBase(message.ask)
      case 'try-base':
        return tryBase(message.ask.blocks, blocksOf(message.ask.base), encode)
    }
  }

  /** There is one base for all jobs. */
  function blocksOf(access: BaseAccess): BaseBlocks {
    base ??= baseBlocks(access, setup.blockSize)
    return base
  }

  /** Encodes a block that is kept. */
  async function encodeAlone(ask: Jobs['encode']['ask']): Promise<Jobs['encode']['answer']> {
    const blocks = ask.base ? blocksOf(ask.base) : null
    const bytes = await joinedParts(ask.parts, blocks)
    const encoded: EncodedOrTaken | Promise<EncodedOrTaken> =
      ask.like && blocks
        ? takenOrEncoded(bytes, ask.stored, ask.like, blocks, encode)
        : encode(bytes, ask.stored)
    const { data, sizeWord, takenFromBase } = await encoded
    return { data: new Uint8Array(data), sizeWord, ...(takenFromBase && { takenFromBase }) }
  }

  /** Encodes a block once few enough threads compress. */
  function encode(bytes: Uint8Array, stored: boolean, room?: Uint8Array): ReturnType<BlockEncoder> {
    if (!codec) throw new TypeError('there is no codec')
    if (stored || codec.stores) return encodeBlock(codec, bytes, true)
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
