/** Executor: does jobs one after another, with blocking calls, which cost far less than Node's asynchronous ones. */
import type { Codec } from '../../codec/codec.js'
import { codecFrom } from '../../codec/from-recipe.js'
import { type BlockEncoder, type EncodedBlock, encodeBlock } from '../../image/encode-block.js'
import { asBytePath } from '../../tree/byte-string.js'
import { loadSourceCalls } from '../filesystem.js'
import { createCallTimer } from './call-timer.js'
import { attempt } from './failure.js'
import { digestFile, examineFiles, extentsOf, type FileTools, readRanges } from './file-jobs.js'
import { createOpenFiles, type OpenFiles } from './open-files.js'
import { permitsOf } from './permits.js'
import type { AnswerMessage, Examine, ExecutorSetup, JobMessage, Jobs, SharedPart } from './protocol.js'
import { statBatch } from './stat-batch.js'

/** Does jobs for whoever has it: a worker, or the calling thread. */
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
      blockSize: setup.blockSize,
      storeData: setup.storeData,
      examine: setup.examiner === null ? null : await loadExaminer(setup.examiner),
      pathOf: ({ folder, name }) => asBytePath(`${folder.path}/${name}`.slice(setup.source.length + 1)),
    }
  }

  function work(message: JobMessage, tools: FileTools): unknown {
    switch (message.name) {
      case 'stat':
        return statBatch(message.ask, tools.source, timer)
      case 'read':
        return readRanges(message.ask, tools)
      case 'encode':
        return encodeAlone(joined(message.ask.parts), message.ask.stored)
      case 'digest':
        return attempt(() => digestFile(message.ask, tools))
      case 'extents':
        return attempt(() => extentsOf(message.ask, tools))
      case 'examine':
        return examineFiles(message.ask, tools)
    }
  }

  /** Encodes a block that is kept. */
  async function encodeAlone(bytes: Uint8Array, stored: boolean): Promise<EncodedBlock> {
    const { data, sizeWord } = await encode(bytes, stored)
    return { data: new Uint8Array(data), sizeWord }
  }

  /** Encodes a block once few enough threads compress. */
  function encode(bytes: Uint8Array, stored: boolean): ReturnType<BlockEncoder> {
    if (!codec) throw new TypeError('there is no codec')
    if (stored || codec.stores) return encodeBlock(codec, bytes, true)
    permits.take()
    let encoded: ReturnType<BlockEncoder>
    try {
      encoded = encodeBlock(codec, bytes, false)
    } catch (error) {
      permits.give()
      throw error
    }
    if (encoded instanceof Promise) return encoded.finally(permits.give)
    permits.give()
    return encoded
  }
}

function joined(parts: Jobs['encode']['ask']['parts']): Uint8Array {
  const views = parts.map(viewOf)
  if (views.length === 1) return views[0]!
  const bytes = new Uint8Array(views.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const view of views) {
    bytes.set(view, at)
    at += view.length
  }
  return bytes
}

function viewOf(part: SharedPart | Uint8Array): Uint8Array {
  return part instanceof Uint8Array ? part : new Uint8Array(part.buffer, part.start, part.length)
}

async function loadExaminer(url: string): Promise<Examine> {
  const { default: examine }: { default?: unknown } = await import(url)
  if (typeof examine !== 'function') throw new TypeError(`${url}: its default export is not a function`)
  return examine as Examine
}
