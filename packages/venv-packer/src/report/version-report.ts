/** What `--version --json` prints: what a bug report must say about the program and what it runs on. */
import { packageVersion } from '../version.js'

/** One JSON object on one line. Fields are added, never renamed. */
export function versionJson(): string {
  const facts = {
    ok: true,
    command: 'version',
    version: packageVersion(),
    node: process.versions.node,
    // `version` is that of Node's own zstd: null where Node has none (before 22.15).
    zstd: { version: process.versions.zstd ?? null },
    platform: `${process.platform}-${process.arch}`,
  }
  return `${JSON.stringify(facts)}\n`
}
