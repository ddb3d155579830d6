/** Findings about scripts in `bin` that cannot start anywhere: their interpreter is missing, or they do not compile. */
import { posix } from 'node:path'
import type { ByteString } from 'squashfs-writer/paths'
import { isBrokenByWrapper, type ScriptStart, scriptStart } from '../../environment/scripts.js'
import { below, type Content, directoryOf, type Entry } from '../entry.js'
import { type CheckContext, type Finding, findingAt, type Location } from '../finding.js'
import { isBelow, UENV_MOUNT } from '../outside.js'
import { pathTargetOf } from '../relocation.js'

export function scriptFindings(context: CheckContext): readonly Finding[] {
  const { config, conda } = context.inventory
  if (config === undefined && !conda) return []
  const scripts = context.inventory.entries.flatMap((entry) =>
    scriptIn(entry, context.inventory.contentOf(entry)),
  )
  return [
    ...findingAt(
      scripts.flatMap((script) => missingInterpreter(script, context)),
      {
        code: 'SCRIPT_WITHOUT_INTERPRETER',
        severity: 'warning',
        message: 'scripts name an interpreter that does not exist',
        effect:
          'They do not start: the shell reports that the command is not found, or runs another one of the same name.',
        remedy: 'Install their packages again, or correct their first lines: #!/usr/bin/env python3.',
      },
    ),
    ...findingAt(
      scripts.filter(({ head }) => isBrokenByWrapper(head)).map(({ path }) => ({ path })),
      {
        code: 'SCRIPT_BROKEN_BY_WRAPPER',
        severity: 'warning',
        message: 'scripts do not compile because of the lines that an installer has put before them',
        effect:
          'Python reads these lines as the docstring, and reports a SyntaxError for from __future__ import, which may only follow one docstring.',
        remedy: 'Replace their first three lines by #!/usr/bin/env python3.',
      },
    ),
  ]
}

interface Script {
  readonly path: ByteString
  readonly head: ByteString
  readonly start: ScriptStart
}

/** A file is a script if it is executable and has a shebang line. */
function scriptIn({ path, mode }: Entry, content: Content | null): readonly Script[] {
  if (content?.kind !== 'program' || (mode & 0o111) === 0) return []
  const start = scriptStart(content.head)
  return start === null ? [] : [{ path, head: content.head, start }]
}

function missingInterpreter({ path, start }: Script, context: CheckContext): readonly Location[] {
  const { interpreter, next } = start
  if (!isThere(interpreter, context)) return [{ path, detail: interpreter }]
  if (next === null) return []
  const isMissing = {
    path: () => !isThere(next.program, context),
    'own directory': () => !isInEnvironment(below(directoryOf(path), next.program), context),
    // The programs on the node's PATH are not known, but no program has white space and an option in its name.
    PATH: () => /\s/.test(next.program),
  }
  return isMissing[next.by]() ? [{ path, detail: next.program }] : []
}

/** Programs of other environments count as existing, since they are a finding of relocation. So do those of a uenv, which may not be started here. */
function isThere(program: ByteString, context: CheckContext): boolean {
  if (!program.startsWith('/')) return false
  const { kind, inner } = pathTargetOf(posix.normalize(program), context)
  if (kind !== 'outside' && inner !== null) return isInEnvironment(inner, context)
  const isForeign = context.relocation.references.some(({ environment }) => isBelow(program, environment))
  return isForeign || isBelow(program, UENV_MOUNT) || context.use.outside.exists(program)
}

/** Excluded paths count as existing, and so does a missing interpreter, which is a finding of its own. */
function isInEnvironment(path: ByteString, { inventory }: CheckContext): boolean {
  const isInterpreter = inventory.interpreter === undefined && /^bin\/python3?$/.test(path)
  return inventory.at.has(path) || inventory.isExcluded(path) || isInterpreter
}
