/** Tests what prevents a version from being published. */
import { expect, it } from 'vitest'
import { releaseFaults } from '../src/release-faults.js'
import type { Manifest } from '../src/workspace.js'

const library: Manifest = { name: 'squashfs-writer', version: '1.2.3' }
const command: Manifest = {
  name: 'venv-packer',
  version: '1.2.3',
  dependencies: { commander: '14.0.3', 'squashfs-writer': '1.2.3' },
}
const changelog = '# Changelog\n\n## 1.2.3\n\n- Better.\n'

it('nothing, where versions agree and the changelogs have them', () => {
  expect(releaseFaults([library, command], [changelog, changelog])).toEqual([])
})

it.each([
  [{ ...command, version: '1.2.4' }, changelog, 'different versions: 1.2.3, 1.2.4'],
  [command, '# Changelog\n\n## 1.2.2\n', 'packages/venv-packer/CHANGELOG.md has no section ## 1.2.3'],
  [
    { ...command, dependencies: { 'squashfs-writer': '1.2.2' } },
    changelog,
    'venv-packer needs squashfs-writer 1.2.2, which is 1.2.3 here',
  ],
])('%o', (manifest, log, fault) => {
  expect(releaseFaults([library, manifest], [changelog, log])).toContainEqual(expect.stringContaining(fault))
})
