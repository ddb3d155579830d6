/** `venv-packer cat`: writes the content of a file in an image to standard output. */

import { InodeType } from 'squashfs-writer/read'
import type { Invocation } from '../cli/commands.js'
import { EXIT_CODES, type ExitCode, Failure } from '../failure.js'
import { locate, withImage } from '../image/opened-image.js'
import { shellWord } from '../terminal/printable.js'
import { printMore } from '../terminal/printing.js'

export interface CatRequest {
  /** Both paths as the user typed them. */
  readonly image: string
  readonly path: string
}

export async function runCat({ values }: Invocation<'cat'>): Promise<ExitCode> {
  await cat(values, printMore)
  return EXIT_CODES.done
}

/** @param write is called with pieces of the content; resolves with false to stop. */
export async function cat(
  request: CatRequest,
  write: (bytes: Uint8Array) => Promise<boolean>,
): Promise<void> {
  await withImage(request.image, async (opened) => {
    const { inode } = await locate(opened, request.path, true)
    if (inode.type !== InodeType.FILE) throw notAFile(request, opened.path)
    for await (const bytes of opened.image.stream(inode)) if (!(await write(bytes))) return
  })
}

function notAFile({ image, path }: CatRequest, file: string): Failure {
  const line = `venv-packer list ${shellWord(image)} ${shellWord(path)}`
  return new Failure('NOT_A_FILE', `${path} in ${image} is not a file`, `${line} shows what it is.`, {
    path: file,
    fix: { line },
  })
}
