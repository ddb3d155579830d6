/** Tests every kind of content of a file: invalid ones are refused with the path, and no stream stays open. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createReadStream, openSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { contentBytes, run, withDirectory } from 'fixtures'
import {
  type Entry,
  EntryError,
  memorySink,
  SquashfsError,
  UnreadableError,
  writeImage,
} from 'squashfs-writer'
import { InodeType, readImage } from 'squashfs-writer/read'
import { describe, expect, it } from 'vitest'
import { packOverlaid } from './overlaid.js'

const NOISE = Buffer.from(contentBytes({ kind: 'noise', seed: 1, size: 300_000, unit: 4096 }))

describe('the content of a file', () => {
  const wide = new Uint16Array([1, 2, 0xffff])
  async function* chunks(...given: unknown[]): AsyncGenerator<never> {
    for (const chunk of given) yield chunk as never
  }

  it.each<[string, () => unknown, Uint8Array]>([
    ['text', () => 'aé', Buffer.from('aé')],
    ['a Buffer', () => NOISE, NOISE],
    ['an ArrayBuffer', () => Uint8Array.from(NOISE).buffer, NOISE],
    ['a view of wider numbers', () => wide, Buffer.from(wide.buffer)],
    ['a DataView', () => new DataView(wide.buffer, 2, 3), Buffer.from(wide.buffer, 2, 3)],
    ['a SharedArrayBuffer', () => new SharedArrayBuffer(3), new Uint8Array(3)],
    ['a generator of views', () => chunks(wide, wide.buffer, NOISE), concat(wide, wide, NOISE)],
    ['a generator of text', () => chunks('a', 'é', ''), Buffer.from('aé')],
    ['a stream of Node', () => Readable.from([NOISE, NOISE]), concat(NOISE, NOISE)],
    ['a stream of the web', () => new Blob([NOISE]).stream(), NOISE],
    ['a response', () => new Response(NOISE).body, NOISE],
    ['a stream that is announced', () => ({ size: 6, open: () => chunks(wide) }), concat(wide)],
    [
      'a stream of the web that is announced',
      () => ({ size: NOISE.length, open: () => new Blob([NOISE]).stream() }),
      NOISE,
    ],
    ['a stream of nothing', () => chunks(), new Uint8Array(0)],
  ])('may be %s', async (_, content, expected) => {
    const image = await imageOf([fileWith(content())])
    expect(Buffer.from(await contentIn(image)).equals(expected)).toBe(true)
  })

  it('may be an open file stream, although it has a method open', async () => {
    await withDirectory(async (directory) => {
      writeFileSync(join(directory, 'file'), NOISE)
      const handleStream = createReadStream('', { fd: openSync(join(directory, 'file'), 'r') })
      for (const content of [
        createReadStream(join(directory, 'file')),
        createReadStream(join(directory, 'file'), { encoding: 'latin1', end: 99 }),
        handleStream,
      ]) {
        const image = await imageOf([fileWith(content)])
        const whole = content.readableEncoding ? Buffer.from(NOISE.toString('latin1', 0, 100)) : NOISE
        expect(Buffer.from(await contentIn(image)).equals(whole)).toBe(true)
      }
    })
  })

  it.each(['a file', 'a pipe'])('may be standard input from %s', async (kind) => {
    await withDirectory(async (directory) => {
      const [input, image] = [join(directory, 'input'), join(directory, 'image')]
      writeFileSync(input, NOISE)
      const script = `
        const { writeImage } = await import(${JSON.stringify(import.meta.resolve('squashfs-writer'))})
        await writeImage([{ type: 'file', path: 'file', content: process.stdin }], process.argv[1])`
      const args = ['--input-type=module', '-e', script, image]
      if (kind === 'a pipe') await run(process.execPath, args, { input: NOISE })
      else {
        const child = spawn(process.execPath, args, { stdio: [openSync(input, 'r'), 'inherit', 'inherit'] })
        expect(await once(child, 'close')).toEqual([0, null])
      }
      const { stdout } = await run('unsquashfs', ['-cat', image, 'file'])
      expect(stdout.equals(NOISE)).toBe(true)
    })
  })

  it.each<[string, unknown]>([
    ['an array of numbers', [1, 2, 3]],
    ['an array of bytes', [NOISE]],
    ['a number', 5],
    ['true', true],
    ['an empty object', {}],
    ['a Map', new Map()],
    ['a path that is a number', { file: 5 }],
    ['an empty path', { file: '' }],
    ['a path with NUL', { file: '/etc/passwd\0.txt' }],
    ['a size that is text', { size: '5', open: () => chunks('hello') }],
    ['a size below 0', { size: -1, open: () => chunks() }],
    ['a stream that is none', { size: 5, open: () => ['hello'] }],
    ['a stream of numbers', chunks(1, 2)],
    ['a stream of arrays', Readable.from([[1, 2]])],
    ['a stream of nulls, announced', { size: 5, open: () => chunks(null) }],
  ])('is refused, with the path, when it is %s', async (_, content) => {
    const error = await failureOf(writeImage([fileWith(content, 'some/file')], memorySink()))
    expect(error).toBeInstanceOf(EntryError)
    expect(error).toMatchObject({ path: 'some/file', message: expect.stringContaining('some/file: ') })
  })

  it('is refused if a stream is given twice, or was already read', async () => {
    const stream = Readable.from(['text'])
    const twice = [fileWith(stream, 'a'), fileWith(stream, 'b')]
    expect(await failureOf(writeImage(twice, memorySink()))).toMatchObject({
      path: 'b',
      code: 'INVALID_ENTRY',
    })
    const done = Readable.from(['text'])
    for await (const _ of done);
    expect(await failureOf(writeImage([fileWith(done)], memorySink()))).toMatchObject({ path: 'file' })
  })
})

describe('an entry', () => {
  it.each<[string, unknown, string]>([
    ['null', null, 'entries[1]'],
    ['text', 'a', 'entries[1]'],
    ['without a path', { type: 'file', content: '' }, 'entries[1]'],
    ['without content', { type: 'file', path: 'lost' }, 'lost'],
    ['without a target', { type: 'symlink', path: 'lost' }, 'lost'],
    ['of no type', { path: 'lost' }, 'lost'],
  ])('that is %s is refused, by an error that says which entry it is', async (_, entry, path) => {
    const entries = [fileWith('text'), entry as Entry]
    expect(await failureOf(writeImage(entries, memorySink()))).toMatchObject({ code: 'INVALID_ENTRY', path })
    await withDirectory(async (directory) => {
      const error = await failureOf(packOverlaid(directory, memorySink(), entries))
      expect(error).toMatchObject({ code: 'INVALID_ENTRY', path: path.replace('entries', 'more') })
    })
  })
})

describe('a stream that fails', () => {
  const torn = () =>
    Readable.from(
      (async function* () {
        yield Buffer.from('begun')
        throw Object.assign(new Error('the tape is torn'), { code: 'ETAPE' })
      })(),
    )

  it.each<[string, () => unknown]>([
    ['of unknown length', torn],
    ['of known length', () => ({ size: 10, open: torn })],
  ])('and is %s is reported by its path, with its error as the cause', async (_, content) => {
    const error = await failureOf(writeImage([fileWith(content(), 'some/file')], memorySink()))
    expect(error).toBeInstanceOf(UnreadableError)
    expect(error).toMatchObject({
      paths: [{ path: 'some/file', code: 'ETAPE', message: 'its stream failed: the tape is torn' }],
      cause: { message: 'the tape is torn' },
    })
    expect((error as Error).message).toContain(
      "make them readable, leave them out, or set unreadable: 'omit'",
    )
    expect((error as Error).message).not.toMatch(/exclude|pattern/)
  })

  it.each<[string, () => unknown]>([
    ['of unknown length', torn],
    ['of known length', () => ({ size: 10, open: torn })],
  ])('and is %s is left out of the image of a directory on request', async (_, content) => {
    await withDirectory(async (directory) => {
      writeFileSync(join(directory, 'there'), 'there')
      const additions = [fileWith(content(), 'lost'), fileWith('text', 'kept')]
      const omit = { unreadable: 'omit' } as const
      const { omitted, files } = await packOverlaid(directory, memorySink(), additions, omit)
      expect(omitted).toMatchObject([{ path: 'lost', code: 'ETAPE' }])
      expect(files).toBe(2)
      const error = await failureOf(packOverlaid(directory, memorySink(), [fileWith(content(), 'lost')]))
      expect((error as Error).message).toContain("unreadable: 'omit'")
    })
  })
})

describe('streams as content', () => {
  /** A stream that yields a few bytes and never ends. */
  const stalled = () => {
    let given = false
    return new Readable({
      read() {
        if (given) return
        given = true
        this.push('begun')
      },
    })
  }

  it.each<[string, (stream: Readable) => unknown]>([
    ['of unknown length', (stream) => stream],
    ['of known length', (stream) => ({ size: 1000, open: () => stream })],
    ['of the web', (stream) => Readable.toWeb(stream)],
    ['of the web, of known length', (stream) => ({ size: 1000, open: () => Readable.toWeb(stream) })],
  ])('%s are destroyed at an abort', async (_, content) => {
    const controller = new AbortController()
    const stream = stalled()
    const closed = closingOf(stream)
    stream.once('data', () => setImmediate(() => controller.abort(new Error('enough'))))
    stream.pause()
    const writing = writeImage([fileWith(content(stream))], memorySink(), { signal: controller.signal })
    await expect(writing).rejects.toThrow('enough')
    await closed
  })

  it('are destroyed at an abort before they are read', async () => {
    const controller = new AbortController()
    const [first, later] = [stalled(), stalled()]
    const closed = Promise.all([closingOf(first), closingOf(later)])
    first.once('data', () => setImmediate(() => controller.abort(new Error('enough')))).pause()
    const entries = [fileWith(first, 'a'), fileWith(later, 'b')]
    await expect(writeImage(entries, memorySink(), { signal: controller.signal })).rejects.toThrow('enough')
    await closed
  })

  it.each<[string, Entry[], object]>([
    ['an entry is wrong', [{ type: 'hardlink', path: 'b', target: 'nowhere' }], {}],
    ['an option is wrong', [], { blockSize: 5 }],
    ['the work was stopped before it began', [], { signal: AbortSignal.abort() }],
    ['the destination cannot be', [], { replace: 'never' }],
  ])('are destroyed when %s', async (_, before, options) => {
    const stream = stalled()
    const closed = closingOf(stream)
    await failureOf(writeImage([...before, fileWith(stream)], memorySink(), options))
    await closed
    await withDirectory(async (directory) => {
      const stream = stalled()
      const closed = closingOf(stream)
      const additions = [...before, fileWith(stream)]
      await failureOf(packOverlaid(directory, memorySink(), additions, options))
      await closed
    })
  })

  it('are destroyed if another file cannot be read', async () => {
    const stream = stalled()
    const closed = closingOf(stream)
    const controller = new AbortController()
    const failing = { size: 5, open: () => Readable.from([1]) }
    const entries = [fileWith(failing, 'a'), fileWith({ size: 5, open: () => stream }, 'b')]
    await failureOf(writeImage(entries, memorySink(), { signal: controller.signal }))
    // It was opened in advance, or not at all.
    if (stream.readableDidRead) await closed
    else stream.destroy()
  })
})

/** Resolves when the stream is closed, with or without an error. */
function closingOf(stream: Readable): Promise<void> {
  stream.on('error', () => {})
  return new Promise((resolve) => stream.once('close', resolve))
}

describe('a memory sink', () => {
  it('holds one image: a second one is refused before anything is written', async () => {
    const sink = memorySink()
    await writeImage([fileWith(NOISE)], sink)
    const first = sink.bytes()
    const error = await failureOf(writeImage([], sink))
    expect(error).toBeInstanceOf(SquashfsError)
    expect(error).toMatchObject({ code: 'SINK_USED' })
    expect(Buffer.compare(sink.bytes(), first)).toBe(0)
  })
})

function fileWith(content: unknown, path = 'file'): Entry {
  return { type: 'file', path, content: content as string }
}

function concat(...views: ArrayBufferView[]): Buffer {
  return Buffer.concat(views.map((view) => Buffer.from(view.buffer, view.byteOffset, view.byteLength)))
}

async function imageOf(entries: readonly Entry[]): Promise<Uint8Array> {
  const sink = memorySink()
  await writeImage(entries, sink)
  return sink.bytes()
}

/** The content of 'file'. */
async function contentIn(image: Uint8Array): Promise<Uint8Array> {
  const reader = await readImage({
    size: image.length,
    read: async (position, length) => image.subarray(position, position + length),
  })
  const inode = await reader.find('file')
  if (inode?.type !== InodeType.FILE) throw new Error('there is no file')
  return await reader.read(inode)
}

async function failureOf(work: Promise<unknown>): Promise<unknown> {
  return await work.then(
    () => null,
    (reason: unknown) => reason,
  )
}
