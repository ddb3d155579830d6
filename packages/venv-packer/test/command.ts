/** Runs the command like a user: the launcher in its own process. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const launcher = fileURLToPath(new URL('../bin/venv-packer.cjs', import.meta.url))

/** Stand-ins for programs that the system does not have. The first lines of each describe it. */
export const standIns = fileURLToPath(new URL('./stand-ins', import.meta.url))

export interface Ended {
  /** The exit code, or the name of the signal that ended it. */
  readonly code: number | string | null
  readonly stdout: string
  readonly stderr: string
}

export interface Surroundings {
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
  /** Run it in its own process group, like a shell. */
  readonly detached?: boolean
  /** Removes root's capabilities that override file permissions. */
  readonly boundByPermissions?: boolean
}

const withoutOverride = [
  '--bounding-set=-dac_override,-dac_read_search,-fowner',
  '--inh-caps=-dac_override,-dac_read_search,-fowner',
]

/** The command line without root's capabilities that override file permissions. */
export function asBoundByPermissions(line: readonly string[]): readonly string[] {
  return ['setpriv', ...withoutOverride, ...line]
}

/** Starts `venv-packer` with these arguments. */
export function start(
  args: readonly string[],
  { cwd, env, detached = false, boundByPermissions }: Surroundings = {},
): ChildProcess {
  const line = [process.execPath, launcher, ...args]
  const [program, ...rest] = boundByPermissions ? asBoundByPermissions(line) : line
  return spawn(program!, rest, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
    detached,
    ...(cwd === undefined ? {} : { cwd }),
  })
}

/** Waits for the end of a process, and returns its output. */
export async function ended(child: ChildProcess): Promise<Ended> {
  const [stdout, stderr] = [collected(child.stdout), collected(child.stderr)]
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null]
  return { code: code ?? signal, stdout: stdout(), stderr: stderr() }
}

/** Runs `venv-packer` with these arguments to its end. */
export async function venvPacker(args: readonly string[], surroundings?: Surroundings): Promise<Ended> {
  return await ended(start(args, surroundings))
}

function collected(stream: NodeJS.ReadableStream | null): () => string {
  const pieces: Buffer[] = []
  stream?.on('data', (piece: Buffer) => pieces.push(piece))
  return () => Buffer.concat(pieces).toString('utf8')
}

/** Waits until a directory has a new file, which means that the packing has begun to write. */
export async function newFileIn(directory: string): Promise<void> {
  const before = (await readdir(directory)).length
  while ((await readdir(directory)).length === before) await new Promise((wait) => setTimeout(wait, 10))
}

/** Arguments that make packing slow on every machine: the highest level and the largest blocks. */
export const slowly = ['--level', '22', '--block-size', '1M', '--any-directory'] as const

/** Fills a directory with bytes that do not compress, in files of 2 MB. */
export async function fillWithNoise(directory: string, files: number): Promise<void> {
  let state = 1
  for (let file = 0; file < files; file++) {
    const words = new Uint32Array(500_000)
    for (let n = 0; n < words.length; n++) {
      // xorshift32
      state ^= state << 13
      state ^= state >>> 17
      state ^= state << 5
      words[n] = state
    }
    await writeFile(join(directory, `noise-${file}`), words)
  }
}
