/** Examination: selects the files to examine while they are packed, and collects the results of the examiner. */
import { EntryError, shown } from '../errors.js'
import { toByteString, toDisplay } from '../tree/byte-string.js'
import type { FoundFile } from '../tree/found-entry.js'
import type { FileNode, Identity } from '../tree/node.js'
import { DiskContent } from './disk-content.js'
import type { Examination } from './read-contents.js'

export interface Examined extends Examination {
  readonly results: ReadonlyMap<FoundFile, unknown>
}

/**
 * @param version of the examiner; null if its results are not recorded.
 * @throws EntryError for a file that does not belong to a scanned directory.
 */
export async function examinationOf(
  files: Iterable<FoundFile> | AsyncIterable<FoundFile>,
  version: string | null,
): Promise<Examined> {
  const wanted = new Map<Identity, FoundFile>()
  const results = new Map<FoundFile, unknown>()
  for await (const file of files) wanted.set(identityOf(file), file)
  const wantedFile = ({ content }: FileNode) =>
    content.kind === 'disk' ? wanted.get(content.seen) : undefined
  return {
    version,
    results,
    wants: (file) => wantedFile(file) !== undefined,
    found(file, result) {
      const entry = wantedFile(file)
      if (entry) results.set(entry, result)
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
