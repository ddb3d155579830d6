// A directory of which files are examined while it is packed, as a program has it done.
import {
  type FoundFile,
  type ImageOptions,
  type ImageResult,
  type OpenDirectory,
  openDirectory,
  writeImage,
} from 'squashfs-writer'

export interface Examination {
  readonly examiner: string
  readonly version?: string
  readonly wants?: (file: FoundFile) => boolean
}

export interface Examined {
  readonly result: ImageResult
  /** By path, in no particular order. */
  readonly answers: readonly (readonly [path: string, answer: unknown])[]
}

/** Packs a directory, and has the wanted files examined. */
export async function packExamined(
  source: string,
  destination: Parameters<typeof writeImage>[1],
  { wants = () => true, ...examination }: Examination,
  options: Omit<ImageOptions, 'examination' | 'beforeTables'> = {},
): Promise<Examined> {
  const directory = await openDirectory(source)
  let answers: (readonly [string, unknown])[] = []
  try {
    const result = await writeImage(directory.entries, destination, {
      ...options,
      examination: { ...examination, files: wanted(directory, wants) },
      beforeTables(examined) {
        answers = [...examined].map(([{ path }, answer]) => [String(path), answer] as const)
      },
    })
    return { result, answers }
  } finally {
    await directory.close()
  }
}

export async function* wanted(
  directory: OpenDirectory,
  wants: (file: FoundFile) => boolean,
): AsyncGenerator<FoundFile> {
  for await (const entry of directory.entries) if (isFile(entry) && wants(entry)) yield entry
}

function isFile(entry: { readonly type: string }): entry is FoundFile {
  return entry.type === 'file'
}
