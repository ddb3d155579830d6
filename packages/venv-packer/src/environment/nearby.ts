/** Finds the virtual environments around a path, for the hint "did you mean". */
import { access, readdir } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'

/** Names that people give to environments, looked at first. */
const usualNames = ['.venv', 'venv', '.env', 'env']
const mostFolders = 200
const mostHints = 3

/** Subfolders of `path` that are virtual environments, else the folder above that is one; relative to where we are. */
export async function venvsNear(path: string): Promise<readonly string[]> {
  const inside = await venvsAmong(await subfolders(path), mostHints)
  const near = inside.length > 0 ? inside : await venvsAmong(foldersAbove(path), 1)
  return near.map(shortest)
}

async function venvsAmong(folders: readonly string[], atMost: number): Promise<readonly string[]> {
  const found: string[] = []
  for (const folder of folders) {
    if (found.length === atMost) break
    if (await isVenv(folder)) found.push(folder)
  }
  return found
}

async function subfolders(path: string): Promise<readonly string[]> {
  try {
    const entries = await readdir(path, { withFileTypes: true })
    const names = entries.filter((entry) => !entry.isFile()).map((entry) => entry.name)
    const usual = usualNames.filter((name) => names.includes(name))
    const others = names.filter((name) => !usual.includes(name)).sort()
    return [...usual, ...others].slice(0, mostFolders).map((name) => join(path, name))
  } catch {
    return []
  }
}

function foldersAbove(path: string): readonly string[] {
  const above = dirname(path)
  return above === path ? [] : [above, ...foldersAbove(above)]
}

async function isVenv(folder: string): Promise<boolean> {
  try {
    await access(join(folder, 'pyvenv.cfg'))
    return true
  } catch {
    return false
  }
}

function shortest(path: string): string {
  const fromHere = relative('', path) || '.'
  return fromHere.length < path.length ? fromHere : path
}
