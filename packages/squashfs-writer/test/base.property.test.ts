/**
 * Tests with random trees and random changes that an image with a base is the same, byte for byte, as without.
 *
 * PROPERTY_TREES sets the number of trees; PROPERTY_SEED and PROPERTY_PATH, printed by a failure, repeat one.
 */
import {
  appendFileSync,
  chmodSync,
  copyFileSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  renameSync,
  truncateSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { aHostileTree, createTree, withDirectory, withTmpfs } from 'fixtures'
import { packDirectory } from 'squashfs-writer'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { aMinuteLater, filesBelow, packedThreeWays } from './base-trees.js'

const TREES = Math.ceil(Number(process.env.PROPERTY_TREES ?? 200) / 5)
const REPEAT = {
  ...(process.env.PROPERTY_SEED ? { seed: Number(process.env.PROPERTY_SEED) } : {}),
  ...(process.env.PROPERTY_PATH ? { path: process.env.PROPERTY_PATH } : {}),
}

beforeEach(aMinuteLater)
afterEach(() => {
  vi.restoreAllMocks()
})

/** Changes of a file; `other` is a different file. */
const CHANGES = {
  'gets other bytes and its old mtime': (file: Buffer) => {
    const { atime, mtime } = lstatSync(file)
    writeFileSync(
      file,
      readFileSync(file).map((byte) => byte ^ 0x55),
    )
    utimesSync(file, atime, mtime)
  },
  'gets one other byte': (file: Buffer) => {
    const bytes = readFileSync(file)
    if (bytes.length > 0) bytes[bytes.length >> 1]! ^= 1
    writeFileSync(file, bytes)
  },
  grows: (file: Buffer) => appendFileSync(file, 'more'),
  'becomes empty': (file: Buffer) => truncateSync(file, 0),
  'becomes a hole': (file: Buffer) => {
    const { size } = lstatSync(file)
    truncateSync(file, 0)
    truncateSync(file, size)
  },
  'is written anew with the same bytes': (file: Buffer) => writeFileSync(file, readFileSync(file)),
  'is replaced by a copy': (file: Buffer) => {
    const copy = sibling(file, '~')
    copyFileSync(file, copy)
    renameSync(copy, file)
  },
  'gets the content of another': (file: Buffer, other: Buffer) => writeFileSync(file, readFileSync(other)),
  'is replaced by a hard link to another': (file: Buffer, other: Buffer) => {
    if (file.equals(other)) return
    unlinkSync(file)
    linkSync(other, file)
  },
  'takes the place of another': (file: Buffer, other: Buffer) => renameSync(file, other),
  'gets another mode': (file: Buffer) => chmodSync(file, 0o600),
  'is gone': (file: Buffer) => unlinkSync(file),
  'gets a copy before it': (file: Buffer) => copyFileSync(file, sibling(file, '!')),
  'gets a neighbour of its size': (file: Buffer) =>
    writeFileSync(sibling(file, 'zz'), Buffer.alloc(lstatSync(file).size, 'x')),
} as const

/** A name beside a file that no generated tree has. It is not too long, even if the file's own name has the maximum length. */
const sibling = (file: Buffer, first: string) =>
  Buffer.concat([
    file.subarray(0, file.lastIndexOf('/') + 1),
    Buffer.from(`${first} beside it, by the test of changed trees`),
  ])

const aChange = fc.record({
  how: fc.constantFrom(...(Object.keys(CHANGES) as (keyof typeof CHANGES)[])),
  file: fc.nat(1000),
  other: fc.nat(1000),
})

it(
  `${TREES} changed trees have the same image with and without a base, with and without its record`,
  async () => {
    await withTmpfs(async (tmpfs) => {
      const aTree = aHostileTree({ maxNodes: 60, maxBytes: 1 << 20 })
      const property = fc.asyncProperty(
        aTree,
        fc.array(aChange, { maxLength: 6 }),
        fc.constantFrom(1, 2),
        ({ tree, options }, changes, threads) =>
          withDirectory(async (scratch) => {
            const source = join(scratch, 'source')
            mkdirSync(source)
            await createTree(tree.model, source)
            const path = join(scratch, 'base.squashfs')
            const { record } = await packDirectory(source, path, { ...options, record: true, offset: 0 })
            for (const { how, file, other } of changes) {
              const files = filesBelow(Buffer.from(source))
              if (files.length > 0) CHANGES[how](files[file % files.length]!, files[other % files.length]!)
            }
            const again = { ...options, threads, offset: 0 }
            const { images } = await packedThreeWays(source, scratch, { path, record }, again)
            expect(new Set(images).size).toBe(1)
          }, tmpfs),
      )
      await fc.assert(property, { numRuns: TREES, endOnFailure: true, timeout: 120_000, ...REPEAT })
    }, '4g')
  },
  120_000 + TREES * 20_000,
)
