/** Refuses to pack what the check found unfit: with --strict for every warning, otherwise for a contradiction only. */
import { type Finding, ofSeverity } from '../../check/finding.js'
import { Failure } from '../../failure.js'

/**
 * Findings that contradict what was asked for. Other errors do not stop the packing: the machine that packs need not be
 * the one that runs, and an image that turns out to be of no use has done no harm.
 */
const contradictions: ReadonlySet<string> = new Set(['MOUNT_POINT'])

interface Source {
  readonly typed: string
  readonly path: string
}

/** @throws Failure that names what is in the way. */
export function refuseUnfit(findings: readonly Finding[], strict: boolean, source: Source): void {
  const contradiction = findings.find(({ code }) => contradictions.has(code))
  if (contradiction) throw contradicting(contradiction, source)
  const unfit = strict ? [...ofSeverity(findings, 'error'), ...ofSeverity(findings, 'warning')] : []
  if (unfit.length > 0) throw notPassed(unfit, source)
}

function contradicting({ code, message, effect, remedy }: Finding, source: Source): Failure {
  const whatHappens = `${effect.slice(0, 1).toLowerCase()}${effect.slice(1).replace(/\.$/, '')}`
  return new Failure(code, `${source.typed}: ${message}; ${whatHappens}`, remedy, { path: source.path })
}

function notPassed(unfit: readonly Finding[], { typed, path }: Source): Failure {
  const [first] = unfit
  const message =
    unfit.length === 1 && first
      ? `${typed} does not pass the check: ${first.message} (${first.code}); no image was written`
      : `${typed} does not pass the check; no image was written`
  const remedy = `venv-packer check ${typed} says what to do; without --strict it is packed as it is.`
  const paths = unfit.map((finding) => ({
    path: finding.places[0]?.path ?? '.',
    code: finding.code,
    message: `${finding.message} (${finding.code})`,
  }))
  return new Failure('CHECK_FAILED', message, remedy, { path, paths })
}
