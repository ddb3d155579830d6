/** Looks for a command where env(1) will look for it, before anything is mounted. */
import { access, constants, stat } from 'node:fs/promises'
import { delimiter, join, resolve } from 'node:path'
import type { ImageReader } from 'squashfs-writer/read'
import { Failure } from '../errors/failure.js'
import { exitCodes } from '../exit-codes.js'
import { followMounted } from '../image/mounted-path.js'
import type { CommandLine } from '../mounting/way.js'

export interface SearchPlace {
  readonly image: ImageReader
  /** Where it will be mounted. */
  readonly point: string
  /** PATH as it is outside. */
  readonly path: string
}

type Finding = 'executable' | 'not executable' | 'nothing'

/** Refuses a command that is not there, or that cannot be run, as a shell does: with exit code 127, or 126. */
export async function requireCommand(command: CommandLine, place: SearchPlace): Promise<void> {
  const name = command.find((word) => !word.includes('='))
  if (name === undefined) return
  const findings: Finding[] = []
  for (const candidate of candidates(name, place)) {
    const finding = await lookAt(candidate, place)
    if (finding === 'executable') return
    findings.push(finding)
  }
  if (findings.includes('not executable')) {
    const remedy = 'Make it executable (chmod +x), or start it with its interpreter: -- python FILE.'
    throw new Failure('COMMAND_NOT_EXECUTABLE', `${name} cannot be executed`, remedy, {
      exitCode: exitCodes.commandNotExecutable,
    })
  }
  const remedy = name.includes('/') ? 'Correct the path.' : 'It is neither in bin of the image nor on PATH.'
  throw new Failure('COMMAND_NOT_FOUND', `${name}: command not found`, remedy, {
    exitCode: exitCodes.commandNotFound,
  })
}

function candidates(name: string, { point, path }: SearchPlace): readonly string[] {
  if (name.includes('/')) return [resolve(name)]
  return [join(point, 'bin', name), ...path.split(delimiter).map((folder) => resolve(folder, name))]
}

async function lookAt(path: string, { image, point }: SearchPlace): Promise<Finding> {
  const destination = await followMounted(image, point, path)
  switch (destination.kind) {
    case 'nothing':
      return 'nothing'
    case 'inside':
      return destination.executable ? 'executable' : 'not executable'
    case 'outside':
      return await lookAtFile(destination.path)
  }
}

async function lookAtFile(path: string): Promise<Finding> {
  try {
    if (!(await stat(path)).isFile()) return 'not executable'
  } catch {
    return 'nothing'
  }
  return await access(path, constants.X_OK).then(
    () => 'executable',
    () => 'not executable',
  )
}
