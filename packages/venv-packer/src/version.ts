/** The version of this package, read from its package.json: one place to raise it. */
import { readFileSync } from 'node:fs'
import { packageFile } from './package-file.js'

export function packageVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(packageFile('package.json'), 'utf8'))
  return String((manifest as { readonly version: unknown }).version)
}
