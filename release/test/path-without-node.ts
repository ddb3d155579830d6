/** The programs of this machine, but for Node: what someone has who never installed it. */
import { existsSync } from 'node:fs'
import { mkdir, readdir, symlink } from 'node:fs/promises'
import { delimiter, join } from 'node:path'

const ofNode = new Set(['node', 'nodejs', 'npm', 'npx', 'corepack', 'pnpm', 'venv-packer'])

/**
 * The PATH with links to all other programs in place of each directory that has one of Node's.
 *
 * @param scratch where the links go
 */
export async function pathWithoutNode(scratch: string): Promise<string> {
  const directories = (process.env.PATH ?? '').split(delimiter).filter((directory) => existsSync(directory))
  const without: string[] = []
  for (const [number, directory] of directories.entries()) {
    const programs = await readdir(directory)
    if (!programs.some((program) => ofNode.has(program))) {
      without.push(directory)
      continue
    }
    const links = join(scratch, `path-${number}`)
    await mkdir(links)
    for (const program of programs)
      if (!ofNode.has(program)) await symlink(join(directory, program), join(links, program))
    without.push(links)
  }
  return without.join(delimiter)
}
