/** Reads `--owner`: who owns the files in the image. */

export type Owner = 'keep' | 'root' | { readonly uid: number; readonly gid: number }

/** Ids are unsigned 32-bit numbers, and the last of them means "no one" to the kernel. */
const largestId = 0xffff_fffe

/** `keep`, `root` or `UID:GID`; undefined when the text is none of them. */
export function parseOwner(text: string): Owner | undefined {
  if (text === 'keep' || text === 'root') return text
  const match = /^(\d{1,10}):(\d{1,10})$/.exec(text)
  if (!match) return undefined
  const [uid, gid] = [Number(match[1]), Number(match[2])]
  return uid <= largestId && gid <= largestId ? { uid, gid } : undefined
}
