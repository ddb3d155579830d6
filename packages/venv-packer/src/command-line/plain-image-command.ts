/**
 * The usual command lines of the commands that look into an image, read without Commander: to load it takes as long as to
 * list an image. Whatever is unusual about a line, mistakes among it, is left to Commander.
 */
import {
  catInvocation,
  extractInvocation,
  type ImageInvocation,
  infoInvocation,
  listInvocation,
  verifyInvocation,
} from './image-invocation.js'

const styleFlags = { '--json': 'json', '--debug': 'debug' } as const
const quietFlags = { '-q': 'quiet', '--quiet': 'quiet' } as const

interface Words {
  readonly paths: readonly string[]
  readonly flags: Readonly<Record<string, true>>
  readonly output: string | undefined
}

/** @returns undefined for what is not plain. */
export function plainImageInvocation([command, ...words]: readonly string[]): ImageInvocation | undefined {
  switch (command) {
    case 'list':
      return read(
        words,
        { ...styleFlags, '-R': 'recursive', '--recursive': 'recursive' },
        (image, paths, flags) => (paths.length <= 1 ? listInvocation(image, paths[0], flags) : undefined),
      )
    case 'cat':
      return read(words, { '--debug': 'debug' }, (image, paths, flags) =>
        paths.length === 1 ? catInvocation(image, paths[0]!, flags) : undefined,
      )
    case 'extract':
      return read(
        words,
        { ...styleFlags, ...quietFlags, '-f': 'force', '--force': 'force', '--no-xattrs': 'withoutXattrs' },
        (image, paths, { withoutXattrs, ...flags }, output) =>
          output === undefined
            ? undefined
            : extractInvocation(image, paths, { ...flags, output, xattrs: withoutXattrs !== true }),
      )
    case 'verify':
      return read(words, { ...styleFlags, ...quietFlags }, (image, paths, flags) =>
        paths.length === 0 ? verifyInvocation(image, flags) : undefined,
      )
    case 'info':
      return read(words, styleFlags, (image, paths, flags) =>
        paths.length === 0 ? infoInvocation(image, flags) : undefined,
      )
    default:
      return undefined
  }
}

type Make = (
  image: string,
  paths: readonly string[],
  flags: Words['flags'],
  output: string | undefined,
) => ImageInvocation | undefined

function read(
  words: readonly string[],
  known: Readonly<Record<string, string>>,
  make: Make,
): ImageInvocation | undefined {
  const [paths, flags]: [string[], Record<string, true>] = [[], {}]
  let output: string | undefined
  for (let n = 0; n < words.length; n++) {
    const word = words[n]!
    const flag = Object.hasOwn(known, word) ? known[word] : undefined
    if (flag !== undefined) flags[flag] = true
    else if ((word === '-o' || word === '--output') && make.length === 4 && n + 1 < words.length)
      output = words[++n]
    else if (word === '' || word.startsWith('-')) return undefined
    else paths.push(word)
  }
  const [image, ...inImage] = paths
  if (image === undefined || output === '' || output?.startsWith('-')) return undefined
  return make(image, inImage, flags, output)
}
