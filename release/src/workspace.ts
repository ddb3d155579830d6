/** Paths in this repository, and the manifests of its packages. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const workspace = fileURLToPath(new URL('../../', import.meta.url))

/** The published packages. Each depends only on earlier ones. */
export const publishedPackages = ['squashfs-writer', 'venv-packer'] as const

/** The fields of package.json that are used here. */
export interface Manifest {
  readonly name: string
  readonly version: string
  readonly description?: string
  readonly license?: string
  readonly keywords?: readonly string[]
  readonly homepage?: string
  readonly repository?: string | { readonly url: string }
  readonly bugs?: string | { readonly url: string }
  readonly dependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

export async function readManifest(directory: string): Promise<Manifest> {
  return JSON.parse(await readFile(join(directory, 'package.json'), 'utf8')) as Manifest
}

/** The directory of a published package. */
export function packageDirectory(name: (typeof publishedPackages)[number]): string {
  return join(workspace, 'packages', name)
}

/** The URL of the repository; undefined if package.json names none. */
export function repositoryUrl({ repository }: Manifest): string | undefined {
  const url = typeof repository === 'string' ? repository : repository?.url
  return url?.replace(/^git\+/, '').replace(/\.git$/, '')
}
