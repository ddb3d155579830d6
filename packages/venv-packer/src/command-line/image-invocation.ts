/** What a command line of the commands that look into an image becomes, whoever has read its words. */
import type { CatRequest } from '../commands/cat.js'
import type { ExtractRequest } from '../commands/extract.js'
import type { InfoRequest } from '../commands/info.js'
import type { ListRequest } from '../commands/list.js'
import type { VerifyRequest } from '../commands/verify.js'
import { wrongUsage } from '../errors/failure.js'
import type { ReportStyle } from './report-style.js'

/** What one of these command lines becomes. */
export type ImageInvocation =
  | { readonly command: 'list'; readonly request: ListRequest; readonly style: ReportStyle }
  | { readonly command: 'cat'; readonly request: CatRequest; readonly style: ReportStyle }
  | { readonly command: 'extract'; readonly request: ExtractRequest; readonly style: ReportStyle }
  | { readonly command: 'verify'; readonly request: VerifyRequest; readonly style: ReportStyle }
  | { readonly command: 'info'; readonly request: InfoRequest; readonly style: ReportStyle }

export interface StyleOptions {
  readonly json?: true
  readonly quiet?: true
  readonly debug?: true
}

export interface ListOptions extends StyleOptions {
  readonly recursive?: true
}

export interface ExtractOptions extends StyleOptions {
  readonly output?: string
  readonly force?: true
  readonly xattrs: boolean
}

export function listInvocation(
  image: string,
  path: string | undefined,
  options: ListOptions,
): ImageInvocation {
  refuseEmpty(image, path)
  const request = { image, path: path ?? '', recursive: options.recursive ?? false }
  return { command: 'list', request, style: styleOf(options) }
}

export function catInvocation(image: string, path: string, options: StyleOptions): ImageInvocation {
  refuseEmpty(image, path)
  return { command: 'cat', request: { image, path }, style: styleOf(options) }
}

export function extractInvocation(
  image: string,
  paths: readonly string[],
  options: ExtractOptions,
): ImageInvocation {
  refuseEmpty(image, ...paths)
  return { command: 'extract', request: extractRequest(image, paths, options), style: styleOf(options) }
}

export function verifyInvocation(image: string, options: StyleOptions): ImageInvocation {
  refuseEmpty(image)
  return { command: 'verify', request: { image }, style: styleOf(options) }
}

export function infoInvocation(image: string, options: StyleOptions): ImageInvocation {
  refuseEmpty(image)
  return { command: 'info', request: { image }, style: styleOf(options) }
}

function extractRequest(
  image: string,
  paths: readonly string[],
  { output, force, xattrs }: ExtractOptions,
): ExtractRequest {
  if (output === undefined)
    throw wrongUsage('no directory is given', 'Write venv-packer extract IMAGE --output DIRECTORY.')
  if (output === '') throw wrongUsage('--output is empty', 'Was a shell variable in it not set?')
  return { image, paths, output, force: force ?? false, xattrs }
}

function refuseEmpty(image: string, ...paths: readonly (string | undefined)[]): void {
  if (image === '') throw wrongUsage('the path of the image is empty', 'Was a shell variable in it not set?')
  if (paths.includes(''))
    throw wrongUsage('a path in the image is empty', 'Was a shell variable in it not set? The root is /.')
}

function styleOf({ json, quiet, debug }: StyleOptions): ReportStyle {
  return { json: json ?? false, quiet: quiet ?? false, progress: false, debug: debug ?? false }
}
