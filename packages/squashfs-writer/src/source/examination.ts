/** Examination: which files are examined while they are packed, and what the examiner returned of them. */
import { EntryError, shown } from '../errors.js'
import { toByteString, toDisplay } from '../tree/byte-string.js'
import type { FoundFile } from '../tree/found-entry.js'
import type { FileNode, Identity } from '../tree/node.js'
import { DiskContent } from './disk-content.js'
import type { Examination } from './read-contents.js'

export interface Examined extends Examination {
  readonly answers: ReadonlyMap<FoundFile, unknown>
}

/**
 * @param version of the examiner; null where its answers are not to be recorded.
 * @throws EntryError for what is no file that was found in a directory.
 */
export async function examinationOf(
  files: Iterable<FoundFile> | AsyncIterable<FoundFile>,
  version: string | null,
): Promise<Examined> {
  const wanted = new Map<Identity, FoundFile>()
  const answers = new Map<FoundFile, unknown>()
  for await (const file of files) wanted.set(identityOf(file), file)
  const asked = ({ content }: FileNode) => (content.kind === 'disk' ? wanted.get(content.seen) : undefined)
  return {
    version,
    answers,
    wants: (file) => asked(file) !== undefined,
    found(file, answer) {
      const entry = asked(file)
      if (entry) answers.set(entry, answer)
    },
  }
}

function identityOf(file: FoundFile): Identity {
  const place = DiskContent.placeOf((file as FoundFile | null | undefined)?.content)
  if (place) return place.content.seen
  const path: unknown = (file as FoundFile | null | undefined)?.path
  const name =
    typeof path === 'string' || path instanceof Uint8Array ? toDisplay(toByteString(path)) : shown(file)
  throw new EntryError(name, 'only files that were found in a directory are examined; give its entries')
}
