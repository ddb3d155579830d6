/** Gives access to the package itself: its version, and the files that are installed with it. */
import { readFileSync } from 'node:fs'

export function packageVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(packageFile('package.json'), 'utf8'))
  return String((manifest as { readonly version: unknown }).version)
}

export function packageFile(path: string): URL {
  return new URL(`../${path}`, import.meta.url)
}
