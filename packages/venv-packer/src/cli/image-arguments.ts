/** The command lines of the commands that look into an image: `list`, `cat`, `extract`, `verify`, `info`. */
import type { Command } from 'commander'
import type { CatRequest } from '../commands/cat.js'
import type { ExtractRequest } from '../commands/extract.js'
import type { InfoRequest } from '../commands/info.js'
import type { ListRequest } from '../commands/list.js'
import type { VerifyRequest } from '../commands/verify.js'
import { wrongUsage } from '../failure.js'
import { packageVersion } from '../package.js'
import { catHelp, extractHelp, infoHelp, listHelp, verifyHelp } from './image-help.js'
import type { ReportStyle } from './report-style.js'

/** What one of these command lines becomes. */
export type ImageInvocation =
  | { readonly command: 'list'; readonly request: ListRequest; readonly style: ReportStyle }
  | { readonly command: 'cat'; readonly request: CatRequest; readonly style: ReportStyle }
  | { readonly command: 'extract'; readonly request: ExtractRequest; readonly style: ReportStyle }
  | { readonly command: 'verify'; readonly request: VerifyRequest; readonly style: ReportStyle }
  | { readonly command: 'info'; readonly request: InfoRequest; readonly style: ReportStyle }

interface StyleOptions {
  readonly json?: true
  readonly quiet?: true
  readonly debug?: true
}

interface ListOptions extends StyleOptions {
  readonly recursive?: true
}

interface ExtractOptions extends StyleOptions {
  readonly output?: string
  readonly force?: true
  readonly xattrs: boolean
}

/** What each option means is said in `image-help.ts`. */
export function defineImageCommands(program: Command, run: (invocation: ImageInvocation) => void): void {
  const list = program
    .command('list')
    .argument('<image>')
    .argument('[path-in-image]')
    .option('-R, --recursive')
    .option('--json')
    .option('--debug')
    .version(packageVersion(), '-V, --version')
    .action((image: string, path: string | undefined, options: ListOptions) => {
      refuseEmpty(image, path)
      const request = { image, path: path ?? '', recursive: options.recursive ?? false }
      run({ command: 'list', request, style: styleOf(options) })
    })
  list.helpInformation = () => listHelp

  const cat = program
    .command('cat')
    .argument('<image>')
    .argument('<path-in-image>')
    .option('--debug')
    .version(packageVersion(), '-V, --version')
    .action((image: string, path: string, options: StyleOptions) => {
      refuseEmpty(image, path)
      run({ command: 'cat', request: { image, path }, style: styleOf(options) })
    })
  cat.helpInformation = () => catHelp

  const extract = program
    .command('extract')
    .argument('<image>')
    .argument('[path-in-image...]')
    .option('-o, --output <folder>')
    .option('-f, --force')
    .option('--no-xattrs')
    .option('--json')
    .option('-q, --quiet')
    .option('--debug')
    .version(packageVersion(), '-V, --version')
    .action((image: string, paths: readonly string[], options: ExtractOptions) => {
      refuseEmpty(image, ...paths)
      run({ command: 'extract', request: extractRequest(image, paths, options), style: styleOf(options) })
    })
  extract.helpInformation = () => extractHelp

  const verify = program
    .command('verify')
    .argument('<image>')
    .option('--json')
    .option('-q, --quiet')
    .option('--debug')
    .version(packageVersion(), '-V, --version')
    .action((image: string, options: StyleOptions) => {
      refuseEmpty(image)
      run({ command: 'verify', request: { image }, style: styleOf(options) })
    })
  verify.helpInformation = () => verifyHelp

  const info = program
    .command('info')
    .argument('<image>')
    .option('--json')
    .option('--debug')
    .version(packageVersion(), '-V, --version')
    .action((image: string, options: StyleOptions) => {
      refuseEmpty(image)
      run({ command: 'info', request: { image }, style: styleOf(options) })
    })
  info.helpInformation = () => infoHelp
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
