/** What is in an image, as `ls -l` shows it. */
import { toDisplay } from 'squashfs-writer/paths'
import { decodeDeviceNumber, type ImageInode, InodeType, targetOf } from 'squashfs-writer/read'
import type { ReportStyle } from '../command-line/report-style.js'
import type { ListedDirectory, ListReport } from '../commands/list.js'
import { shownPath } from '../image/opened-image.js'
import { packageVersion } from '../version.js'
import { minute } from './figures.js'
import { line } from './json-report.js'
import { printable } from './printable.js'

export function reportList(report: ListReport, style: ReportStyle): string {
  if (style.json) return listJson(report)
  const { directories, request } = report
  if (!request.recursive) return directories.map(lines).join('')
  return directories
    .map((one) => (one.path === null ? lines(one) : `${printable(shownPath(one.path))}:\n${lines(one)}`))
    .join('\n')
}

/** Columns as wide as they must be: mode, links, owner, group, size or device, time, name. */
function lines({ names }: ListedDirectory): string {
  const rows = names.map(({ name, inode }) => ({
    mode: modeText(inode),
    numbers: [linksOf(inode), inode.uid, inode.gid, sizeText(inode)].map(String),
    time: minute(new Date(1000 * inode.head.mtime)),
    name: printable(toDisplay(name)),
    target: inode.type === InodeType.SYMLINK ? ` -> ${printable(toDisplay(targetOf(inode)))}` : '',
  }))
  const widths = [0, 1, 2, 3].map((n) =>
    rows.reduce((widest, { numbers }) => Math.max(widest, numbers[n]?.length ?? 0), 0),
  )
  return rows
    .map(({ mode, numbers, time, name, target }) => {
      const columns = numbers.map((text, n) => text.padStart(widths[n] ?? 0)).join(' ')
      return `${mode} ${columns} ${time} ${name}${target}\n`
    })
    .join('')
}

const letters: Readonly<Record<InodeType, string>> = {
  [InodeType.DIRECTORY]: 'd',
  [InodeType.FILE]: '-',
  [InodeType.SYMLINK]: 'l',
  [InodeType.BLOCK_DEVICE]: 'b',
  [InodeType.CHARACTER_DEVICE]: 'c',
  [InodeType.FIFO]: 'p',
  [InodeType.SOCKET]: 's',
}

/** `-rwxr-xr-x`, with `s`, `S`, `t` and `T` as ls has them. */
function modeText({ type, head: { mode } }: ImageInode): string {
  const bits = [0o400, 0o200, 0o100, 0o040, 0o020, 0o010, 0o004, 0o002, 0o001]
  const plain = bits.map((bit, n) => ((mode & bit) === 0 ? '-' : 'rwx'.charAt(n % 3)))
  const special = [
    [0o4000, 2, 's'],
    [0o2000, 5, 's'],
    [0o1000, 8, 't'],
  ] as const
  for (const [bit, at, letter] of special) {
    if ((mode & bit) !== 0) plain[at] = plain[at] === 'x' ? letter : letter.toUpperCase()
  }
  return letters[type] + plain.join('')
}

function linksOf(inode: ImageInode): number {
  return inode.links
}

function sizeText(inode: ImageInode): string {
  if ('device' in inode) {
    const { major, minor } = decodeDeviceNumber(inode.device)
    return `${major}, ${minor}`
  }
  return String(sizeOf(inode))
}

/** Bytes, as the kernel says it of a mounted image. */
function sizeOf(inode: ImageInode): number {
  switch (inode.type) {
    case InodeType.FILE:
      return inode.size
    case InodeType.DIRECTORY:
      return inode.listingSize + 3
    case InodeType.SYMLINK:
      return inode.target.length
    default:
      return 0
  }
}

const typeNames: Readonly<Record<InodeType, string>> = {
  [InodeType.DIRECTORY]: 'directory',
  [InodeType.FILE]: 'file',
  [InodeType.SYMLINK]: 'symlink',
  [InodeType.BLOCK_DEVICE]: 'block-device',
  [InodeType.CHARACTER_DEVICE]: 'character-device',
  [InodeType.FIFO]: 'fifo',
  [InodeType.SOCKET]: 'socket',
}

function listJson({ image, directories }: ListReport): string {
  return line({
    ok: true,
    command: 'list',
    version: packageVersion(),
    image: { path: image },
    entries: directories.flatMap(({ path, names }) =>
      names.map(({ name, inode }) => ({
        path: toDisplay(path === null || path === '' ? name : `${path}/${name}`),
        type: typeNames[inode.type],
        mode: inode.head.mode,
        uid: inode.uid,
        gid: inode.gid,
        size: sizeOf(inode),
        mtime: inode.head.mtime,
        links: inode.links,
        inode: inode.head.number,
        target: inode.type === InodeType.SYMLINK ? toDisplay(targetOf(inode)) : null,
        device: 'device' in inode ? decodeDeviceNumber(inode.device) : null,
      })),
    ),
  })
}
