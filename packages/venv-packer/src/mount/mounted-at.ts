/** What is mounted at a directory, as this process sees it. */
import { readFile, realpath } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'

/** The source that the uppermost mount at a path was given when it was made; undefined where nothing is mounted. */
export async function mountedAt(path: string): Promise<string | undefined> {
  // Of the path itself the kernel would ask the mount, and that of a daemon that has ended answers with an error.
  const real = join(await realpath(dirname(path)), basename(path))
  const mountinfo = await readFile('/proc/self/mountinfo', 'utf8')
  const sources = mountinfo.split('\n').flatMap((line) => {
    const [, , , , point = '', ...rest] = line.split(' ')
    return unescaped(point) === real ? [unescaped(rest[rest.indexOf('-') + 2] ?? '')] : []
  })
  return sources.at(-1)
}

/** proc(5): spaces and the like are written as three octal digits. */
function unescaped(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)))
}
