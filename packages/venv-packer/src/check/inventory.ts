/** The inventory of an environment: its entries, their number and size, its interpreter, and the parts of files that were read. */

import { closeSync, openSync, readSync } from 'node:fs'
import type { Failure } from 'squashfs-writer'
import { type ByteString, toByteString } from 'squashfs-writer/paths'
import { compilePatterns } from 'squashfs-writer/patterns'
import type { Environment } from '../environment/environment.js'
import {
  findInterpreter,
  type Interpreter,
  type PathLookup,
  pathsOnDisk,
} from '../environment/interpreter.js'
import { diskPath } from '../environment/paths.js'
import { type PythonDirectory, pythonDirectory } from '../environment/python-layout.js'
import type { PyvenvConfig } from '../environment/pyvenv-cfg.js'
import { systemErrorCode } from '../system-errors.js'
import type { Content, Entry, ExaminedContents } from './entry.js'
import { ELF_HEAD_SIZE, machineIn, machineName } from './formats/elf.js'

export interface Inventory {
  /** The path of the environment: absolute, symlinks not followed. */
  readonly path: ByteString
  /** The path with all symlinks followed. */
  readonly realPath: ByteString
  /** Undefined for a directory that is not a virtual environment. */
  readonly config: PyvenvConfig | undefined
  /** Whether conda made it. */
  readonly conda: boolean
  /** All entries but excluded ones. The first is the environment itself, with the path ''. */
  readonly entries: readonly Entry[]
  /** The entries by path. The map is made on first use: for half a million entries it takes 20 MB. */
  readonly at: ReadonlyMap<ByteString, Entry>
  /** The part of a file that was read; null if nothing was read. */
  readonly contentOf: (entry: Entry) => Content | null
  /** Why the current user cannot read an entry; null if nothing shows that. */
  readonly failureOf: (entry: Entry) => Failure | null
  /** Whether `--exclude` leaves out a path or one of its parent directories. */
  readonly isExcluded: (path: ByteString) => boolean
  readonly census: Census
  readonly interpreter: Interpreter | undefined
  /** The machine that the interpreter is for, as `uname -m` prints it; undefined if unknown. */
  readonly machine: string | undefined
  /** The directory of its Python; undefined if there is none. */
  readonly python: PythonDirectory | undefined
  /** Directories of other Pythons. */
  readonly otherPythons: readonly PythonDirectory[]
}

/** Numbers of inodes and bytes, as quotas count them. */
export interface Census {
  /** An inode with several names counts once. */
  readonly inodes: number
  readonly files: number
  readonly directories: number
  readonly symlinks: number
  /** Devices, sockets, fifos. */
  readonly others: number
  /** Sum of the sizes of files, each inode once. */
  readonly bytes: number
}

/** Looks up paths of the interpreter, on disk or in an image. */
export interface InterpreterLookup extends PathLookup {
  /** `e_machine` in the ELF header of a program; null for other files. */
  readonly machine: (program: ByteString) => number | null
}

export const onDisk: InterpreterLookup = { ...pathsOnDisk, machine: machineOf }

/**
 * Takes the inventory of an environment.
 * @param found its entries, without those that `exclude` leaves out.
 * @param contents what the examiner has read of its files.
 * @param lookup looks up the paths of its interpreter.
 */
export function takeInventory(
  environment: Environment,
  found: readonly Entry[],
  contents: ExaminedContents,
  exclude: readonly string[],
  lookup: (at: () => ReadonlyMap<ByteString, Entry>) => InterpreterLookup = () => onDisk,
): Inventory {
  const realPath = toByteString(environment.realPath)
  const at = byPath(found)
  const { config, conda } = environment
  const look = lookup(at)
  const interpreter = config && findInterpreter(realPath, look)
  return {
    path: toByteString(environment.path),
    realPath,
    config,
    conda,
    entries: found,
    get at() {
      return at()
    },
    ...contentsIn(contents),
    isExcluded: exclusion(exclude),
    census: takeCensus(found),
    interpreter,
    machine: interpreter && machineNamed(look.machine(interpreter.end)),
    ...pythonsOf(found, config),
  }
}

function byPath(entries: readonly Entry[]): () => ReadonlyMap<ByteString, Entry> {
  let at: ReadonlyMap<ByteString, Entry> | undefined
  return () => {
    if (at) return at
    const all = new Map<ByteString, Entry>()
    for (const entry of entries) all.set(entry.path, entry)
    at = all
    return at
  }
}

/** Separates what was read of files from the failures. */
export function contentsIn(contents: ExaminedContents): Pick<Inventory, 'contentOf' | 'failureOf'> {
  return {
    contentOf({ path }) {
      const answer = contents.get(path) ?? null
      return answer && 'code' in answer ? null : answer
    },
    failureOf({ path, failure }) {
      const answer = contents.get(path) ?? null
      return failure ?? (answer && 'code' in answer ? answer : null)
    },
  }
}

/** Counts inodes, not names. */
export function takeCensus(entries: readonly Entry[]): Census {
  const inodes = entries.filter(newInodes())
  const ofType = (type: Entry['type']) => inodes.filter((entry) => entry.type === type)
  const [files, directories, symlinks] = [
    ofType('file'),
    ofType('directory').length,
    ofType('symlink').length,
  ]
  return {
    inodes: inodes.length,
    files: files.length,
    directories,
    symlinks,
    others: inodes.length - files.length - directories - symlinks,
    bytes: files.reduce((sum, { size }) => sum + size, 0),
  }
}

/** A filter that accepts only the first of the entries that have the same inode. */
export function newInodes(): (entry: Entry) => boolean {
  const seen = new Set<string>()
  return ({ inode }) => {
    if (inode === null) return true
    const before = seen.size
    return seen.add(inode).size > before
  }
}

export function pythonsOf(
  entries: readonly Entry[],
  config: PyvenvConfig | undefined,
): Pick<Inventory, 'python' | 'otherPythons'> {
  const directories = entries.flatMap(({ type, path }) =>
    type === 'directory' ? (pythonDirectory(path) ?? []) : [],
  )
  const wanted = config?.version?.split('.').slice(0, 2).join('.')
  const python =
    directories.find(({ version }) => version === wanted) ??
    (directories.length === 1 ? directories[0] : undefined)
  return { python, otherPythons: directories.filter((directory) => directory !== python) }
}

function exclusion(exclude: readonly string[]): (path: ByteString) => boolean {
  const matches = compilePatterns('exclude', exclude)
  if (matches === null) return () => false
  return (path) => {
    const parts = path.split('/')
    return parts.some((_, n) => matches(parts.slice(0, n + 1).join('/')))
  }
}

function machineNamed(machine: number | null): string | undefined {
  return machine === null ? undefined : machineName(machine)
}

function machineOf(program: ByteString): number | null {
  try {
    const file = openSync(diskPath(program), 'r')
    try {
      const head = Buffer.alloc(ELF_HEAD_SIZE)
      return machineIn(head.subarray(0, readSync(file, head, 0, head.length, 0)))
    } finally {
      closeSync(file)
    }
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error
    return null // a program can be executable without being readable
  }
}
