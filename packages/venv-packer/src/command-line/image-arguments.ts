/** The command lines of the commands that look into an image: `list`, `cat`, `extract`, `verify`, `info`. */
import type { Command } from 'commander'
import { packageVersion } from '../version.js'
import { catHelp, extractHelp, infoHelp, listHelp, verifyHelp } from './image-help.js'
import {
  catInvocation,
  type ExtractOptions,
  extractInvocation,
  type ImageInvocation,
  infoInvocation,
  type ListOptions,
  listInvocation,
  type StyleOptions,
  verifyInvocation,
} from './image-invocation.js'

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
    .action((image: string, path: string | undefined, options: ListOptions) =>
      run(listInvocation(image, path, options)),
    )
  list.helpInformation = () => listHelp

  const cat = program
    .command('cat')
    .argument('<image>')
    .argument('<path-in-image>')
    .option('--debug')
    .version(packageVersion(), '-V, --version')
    .action((image: string, path: string, options: StyleOptions) => run(catInvocation(image, path, options)))
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
    .action((image: string, paths: readonly string[], options: ExtractOptions) =>
      run(extractInvocation(image, paths, options)),
    )
  extract.helpInformation = () => extractHelp

  const verify = program
    .command('verify')
    .argument('<image>')
    .option('--json')
    .option('-q, --quiet')
    .option('--debug')
    .version(packageVersion(), '-V, --version')
    .action((image: string, options: StyleOptions) => run(verifyInvocation(image, options)))
  verify.helpInformation = () => verifyHelp

  const info = program
    .command('info')
    .argument('<image>')
    .option('--json')
    .option('--debug')
    .version(packageVersion(), '-V, --version')
    .action((image: string, options: StyleOptions) => run(infoInvocation(image, options)))
  info.helpInformation = () => infoHelp
}
