/** Checks the conditions for publishing a version. */
import type { Manifest } from './workspace.js'

/**
 * @param manifests package.json of squashfs-writer and venv-packer
 * @param changelogs their CHANGELOG.md, in the same order
 * @returns a message for each condition that does not hold
 */
export function releaseFaults(manifests: readonly Manifest[], changelogs: readonly string[]): string[] {
  const faults: string[] = []
  const versions = new Set(manifests.map(({ version }) => version))
  if (versions.size !== 1) faults.push(`the packages have different versions: ${[...versions].join(', ')}`)
  manifests.forEach((manifest, n) => {
    const { name, version, dependencies = {} } = manifest
    if (!changelogs[n]?.includes(`\n## ${version}\n`))
      faults.push(`packages/${name}/CHANGELOG.md has no section ## ${version}`)
    for (const other of manifests) {
      const needed = dependencies[other.name]
      if (needed !== undefined && needed !== other.version)
        faults.push(`${name} needs ${other.name} ${needed}, which is ${other.version} here`)
    }
  })
  return faults
}
