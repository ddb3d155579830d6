import { expect, it } from 'vitest'
import type { Finding } from '../../check/finding.js'
import { refuseUnfit } from './check-while-packing.js'

const finding = (code: string, severity: Finding['severity']): Finding => ({
  code,
  severity,
  message: 'it was made for /a, not for /b',
  effect: 'Mounted there its scripts do not start.',
  remedy: 'Mount it at /a.',
  places: [{ path: 'bin/activate', detail: null }],
  spaceUsed: null,
})
const source = { typed: '.venv', path: '/a' }

it('a mount point at which the environment cannot work stops the packing, with and without --strict', () => {
  for (const strict of [false, true]) {
    expect(() => refuseUnfit([finding('MOUNT_POINT', 'error')], strict, source)).toThrow(
      expect.objectContaining({
        code: 'MOUNT_POINT',
        message: '.venv: it was made for /a, not for /b; mounted there its scripts do not start',
        remedy: 'Mount it at /a.',
      }),
    )
  }
})

it('other errors stop it only with --strict, and notes never do', () => {
  const others = [finding('INTERPRETER_NOT_FOUND', 'error'), finding('CACHE', 'note')]
  expect(() => refuseUnfit(others, false, source)).not.toThrow()
  expect(() => refuseUnfit(others, true, source)).toThrow(expect.objectContaining({ code: 'CHECK_FAILED' }))
  expect(() => refuseUnfit([finding('CACHE', 'note')], true, source)).not.toThrow()
})
