/** What `--version --json` prints: what a bug report must say about the program and what it runs on. */
import { packageVersion } from '../package.js'

/** One JSON object on one line. Fields are added, never renamed. */
export function versionJson(): string {
  const facts = {
    ok: true,
    command: 'version',
    version: packageVersion(),
    node: process.versions.node,
    // Whose zstd compresses unless --encoder says otherwise, and the version of Node's own: null where Node has none.
    zstd: {
      encoder: process.versions.zstd === undefined ? 'bundled' : 'node',
      version: process.versions.zstd ?? null,
    },
    platform: `${process.platform}-${process.arch}`,
  }
  return `${JSON.stringify(facts)}\n`
}
