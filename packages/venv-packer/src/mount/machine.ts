/** Finds out how this machine can mount an image: the user's ids, programs and devices. */
import { execFile } from 'node:child_process'
import { access, constants } from 'node:fs/promises'
import { delimiter, join } from 'node:path'

export const MOUNT_PROGRAMS = [
  'squashfs-mount',
  'unshare',
  'mount',
  'umount',
  'squashfuse_ll',
  'squashfuse',
  'fusermount3',
  'fusermount',
  'flock',
] as const
export type MountProgram = (typeof MOUNT_PROGRAMS)[number]

export interface Machine {
  readonly uid: number
  readonly gid: number
  /** Absolute paths of the installed programs. */
  readonly programs: Readonly<Partial<Record<MountProgram, string>>>
  /** The form of arguments of squashfs-mount: `IMAGE:MOUNT`, or since uenv 9 `--sqfs=IMAGE:MOUNT`. */
  readonly squashfsMountForm: 'pair' | 'option'
  /** Whether the user may open `/dev/fuse`. */
  readonly fuse: 'usable' | 'missing' | 'forbidden'
}

/** Not every user's PATH has the directories of administration programs. */
const ADMINISTRATOR_DIRECTORIES = ['/usr/sbin', '/sbin', '/usr/local/sbin']

export async function lookupMachine(env: NodeJS.ProcessEnv): Promise<Machine> {
  const directories = programDirectories(env)
  const found = await Promise.all(
    MOUNT_PROGRAMS.map(async (name) => [name, await findProgram(name, directories)] as const),
  )
  const programs: Machine['programs'] = Object.fromEntries(found.filter(([, path]) => path !== undefined))
  return {
    uid: process.getuid?.() ?? -1,
    gid: process.getgid?.() ?? -1,
    programs,
    squashfsMountForm: await formOf(programs['squashfs-mount']),
    fuse: await fuseDevice(),
  }
}

/** The form of arguments of the installed squashfs-mount. If none is installed: the form of the one that anyone can install. */
export async function squashfsMountForm(env: NodeJS.ProcessEnv): Promise<Machine['squashfsMountForm']> {
  return await formOf(await findProgram('squashfs-mount', programDirectories(env)))
}

function programDirectories(env: NodeJS.ProcessEnv): readonly string[] {
  return [...(env.PATH ?? '').split(delimiter), ...ADMINISTRATOR_DIRECTORIES].filter((directory) =>
    directory.startsWith('/'),
  )
}

async function findProgram(name: string, directories: readonly string[]): Promise<string | undefined> {
  for (const directory of directories) {
    const path = join(directory, name)
    if (await may(path, constants.X_OK)) return path
  }
  return undefined
}

async function may(path: string, mode: number): Promise<boolean> {
  return await access(path, mode).then(
    () => true,
    () => false,
  )
}

/** The help of the newer one names the option. The older one prints its help and exits with 1. */
async function formOf(squashfsMount: string | undefined): Promise<Machine['squashfsMountForm']> {
  if (squashfsMount === undefined) return 'pair'
  return await new Promise((done) => {
    execFile(squashfsMount, ['--help'], { timeout: 10_000 }, (_error, stdout, stderr) => {
      done(`${stdout}${stderr}`.includes('--sqfs') ? 'option' : 'pair')
    })
  })
}

async function fuseDevice(): Promise<Machine['fuse']> {
  if (await may('/dev/fuse', constants.R_OK | constants.W_OK)) return 'usable'
  return (await may('/dev/fuse', constants.F_OK)) ? 'forbidden' : 'missing'
}
