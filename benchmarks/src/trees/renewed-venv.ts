/**
 * A venv in which one small package was upgraded after the venv was packed. It is packed again with the old image as
 * the base.
 */

import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { promisify } from 'node:util'
import { withDirectory } from 'fixtures'
import { VENV_PACKER_COMMAND } from '../packers/venv-packer.js'
import { onSlowMetadata, SERVED_BY } from './slow-metadata.js'
import type { Tree, TreeAtHand } from './tree.js'

const run = promisify(execFile)

/** The number of modules in the small package. */
const MODULES = 20
/** The number of functions in each module. */
const LINES = 100
/**
 * Milliseconds to wait before the first pack: files that changed less than two seconds before a scan are not recorded;
 * see the library's README.
 */
const AGE = 2_500

export interface RenewedVenv {
  readonly tree: Tree
  /** Returns the path of the old image. Valid while the tree is in use. */
  readonly base: () => string
}

/** @param delay milliseconds that every metadata call and every read takes; no delay if absent. */
export function renewedVenv(tree: Tree, delay?: number): RenewedVenv {
  let base = ''
  const at = delay === undefined ? '' : `, every metadata call and every read delayed by ${delay} ms`
  return {
    base: () => base,
    tree: {
      ...(delay === undefined ? {} : { servedBy: SERVED_BY }),
      description: `${tree.description} with one small package upgraded since it was packed${at}`,
      use: (body, signal) =>
        tree.use(
          ({ directory: original }) =>
            withDirectory(async (directory) => {
              const venv = join(directory, 'venv')
              await run('cp', ['--archive', original, venv], { signal })
              await writePackage(venv, 1)
              await setTimeout(AGE, undefined, { signal })
              base = join(directory, 'base.squashfs')
              const renew = async (atHand: TreeAtHand) => {
                await packBase(atHand.directory, base, signal)
                await writePackage(venv, 2)
                await atHand.calls?.() // discards the calls for packing the base
                return await body(atHand)
              }
              return delay === undefined
                ? await renew({ directory: venv })
                : await onSlowMetadata(venv, delay, venv, renew, true)
            }),
          signal,
        ),
    },
  }
}

/** Packs the venv like a user does for the first time. The record goes to the user's cache. */
async function packBase(venv: string, image: string, signal: AbortSignal): Promise<void> {
  const [program, ...words] = VENV_PACKER_COMMAND
  await run(program!, [...words, 'pack', venv, '-o', image, '--any-directory', '--quiet'], { signal })
}

/** Writes a version of the small package into a venv. Replaces a version that is already installed. */
async function writePackage(venv: string, version: number): Promise<void> {
  const lib = [join(venv, 'lib'), join(venv, 'venv/lib')].find(existsSync) ?? venv
  const [python = 'python3'] = await readdir(lib)
  const packages = join(lib, python, 'site-packages')
  const [modules, info] = [join(packages, 'small_package'), join(packages, 'small_package-1.dist-info')]
  for (const directory of [modules, info]) {
    await rm(directory, { recursive: true, force: true })
    await mkdir(directory)
  }
  const names = Array.from({ length: MODULES }, (_, n) => (n === 0 ? '__init__.py' : `module_${n}.py`))
  for (const name of names) {
    const lines = Array.from(
      { length: LINES },
      (_, n) => `def function_${n}(x):\n    return x + ${n * version}\n`,
    )
    await writeFile(join(modules, name), lines.join('\n'))
  }
  await writeFile(join(info, 'METADATA'), `Metadata-Version: 2.1\nName: small-package\nVersion: ${version}\n`)
  await writeFile(join(info, 'RECORD'), names.map((name) => `small_package/${name},,\n`).join(''))
}
