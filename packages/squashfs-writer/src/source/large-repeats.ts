/** Large repeats: finds duplicates among the files that are larger than a buffer, before any of them is compressed. */
import type { ContentRequest } from '../image/content-reader.js'
import type { FileNode } from '../tree/node.js'
import { createLargeDigest, PART_SIZE } from './digest.js'
import type { Examination } from './read-contents.js'
import { readStream } from './stream-reader.js'
import type { Pool } from './workers/pool.js'
import { BUFFER_SIZE, type Failure, isFailure, RangeFlag, rangeOf } from './workers/protocol.js'

/** The digests of large files that may be duplicates. */
export interface LargeRepeats {
  readonly digests: ReadonlyMap<FileNode, string>
  /** The files that are duplicates of an earlier file. */
  readonly repeated: ReadonlySet<FileNode>
  readonly failures: ReadonlyMap<FileNode, Failure>
}

/** Digests all large files that may be duplicates. A file that does not fit a buffer must be digested before its first block is compressed. */
export async function findLargeRepeats(
  files: readonly FileNode[],
  { wantsDigest }: Pick<ContentRequest, 'wantsDigest'>,
  pool: Pool,
  examination: Examination | null,
): Promise<LargeRepeats> {
  const digests = new Map<FileNode, string>()
  const failures = new Map<FileNode, Failure>()
  const large = files.filter((file) => file.size > BUFFER_SIZE && wantsDigest(file))
  await Promise.all(
    large.map(async (file) => {
      const found = await digestLarge(file, pool, examination)
      if (typeof found === 'string') digests.set(file, found)
      else failures.set(file, found)
    }),
  )
  const first = new Set<string>()
  const repeated = new Set<FileNode>()
  for (const file of large) {
    const digest = digests.get(file)
    if (digest === undefined) continue
    if (first.has(digest)) repeated.add(file)
    else first.add(digest)
  }
  return { digests, repeated, failures }
}

async function digestLarge(
  file: FileNode,
  pool: Pool,
  examination: Examination | null,
): Promise<string | Failure> {
  const { content, size } = file
  const digest = createLargeDigest(size)
  if (content.kind === 'bytes') {
    for (let at = 0; at < size; at += PART_SIZE) digest.add(content.bytes.subarray(at, at + PART_SIZE), at)
    return digest.result()
  }
  if (content.kind === 'stream') {
    const stream = readStream(content.open, size)
    const buffer = new Uint8Array(PART_SIZE)
    for (let at = 0; at < size; at += PART_SIZE) {
      const part = buffer.subarray(0, Math.min(PART_SIZE, size - at))
      const failure = await stream.fill(part)
      if (failure) return failure
      digest.add(part, at)
    }
    return digest.result()
  }
  const wanted = examination?.wants(file) ?? false
  const response = await pool.run('digest', { ranges: rangeOf(file, wanted ? RangeFlag.EXAMINE : 0) })
  if (isFailure(response)) return response
  if (wanted) examination?.found(file, response.examined)
  return response.digest
}
