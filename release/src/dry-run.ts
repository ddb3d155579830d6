/** `npm run release:dry`: empties `dist/`, creates all files of a release in it, and publishes nothing. */
import { mkdir, readFile, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { run } from 'fixtures'
import { releaseFaults } from './release-faults.js'
import { writeWheels } from './wheels.js'
import { packageDirectory, publishedPackages, readManifest, repositoryUrl, workspace } from './workspace.js'

const directory = join(workspace, 'dist')
await rm(directory, { recursive: true, force: true })
// Separate directories: uv takes an npm tarball next to wheels for the source distribution of a Python package.
const [forNpm, forPython] = [join(directory, 'npm'), join(directory, 'python')]
await mkdir(forNpm, { recursive: true })

const manifests = await Promise.all(publishedPackages.map((name) => readManifest(packageDirectory(name))))
const changelogs = await Promise.all(
  publishedPackages.map((name) => readFile(join(packageDirectory(name), 'CHANGELOG.md'), 'utf8')),
)
const paths: string[] = []
for (const name of publishedPackages) {
  const options = ['--silent', '--ignore-scripts', '--pack-destination', forNpm]
  const { stdout } = await run('npm', ['pack', ...options], { cwd: packageDirectory(name) })
  paths.push(join(forNpm, stdout.toString('utf8').trim()))
}
paths.push(...(await writeWheels(forPython)).map(({ path }) => path))

for (const path of paths)
  console.log(`${path.slice(workspace.length)}  ${(await stat(path)).size.toLocaleString('en')} bytes`)
for (const manifest of manifests.filter((one) => repositoryUrl(one) === undefined))
  console.log(
    `note: package.json of ${manifest.name} names no repository, so that its page will have no links`,
  )
const faults = releaseFaults(manifests, changelogs)
for (const fault of faults) console.error(`not ready: ${fault}`)
console.log('Nothing was published.')
process.exitCode = faults.length === 0 ? 0 : 1
