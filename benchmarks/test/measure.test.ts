import { expect, test } from 'vitest'
import { measure } from '../src/measure.js'

const ALONE = { cpus: [0], timeoutSeconds: undefined, signal: new AbortController().signal }

test('a process is measured from outside: time, CPU time, memory', async () => {
  const busy =
    'const end = Date.now() + 200; const kept = Buffer.alloc(1e8, 1); while (Date.now() < end) kept[0]++'
  const { exitCode, timedOut, wall, cpu, memory } = await measure([process.execPath, '-e', busy], ALONE)
  expect({ exitCode, timedOut }).toEqual({ exitCode: 0, timedOut: false })
  expect(wall).toBeGreaterThan(0.2)
  expect(cpu).toBeGreaterThan(0.1)
  expect(memory).toBeGreaterThan(1e8)
})

test('what a failing command says is kept', async () => {
  const { exitCode, output } = await measure(['sh', '-c', 'echo out; echo err >&2; exit 3'], ALONE)
  expect(exitCode).toBe(3)
  expect(output).toBe('out\nerr')
})

test('who takes too long is stopped, with all that it started', async () => {
  const { timedOut, wall } = await measure(['sh', '-c', 'sleep 60; true'], { ...ALONE, timeoutSeconds: 1 })
  expect(timedOut).toBe(true)
  expect(wall).toBeLessThan(10)
})

test('the command is stopped when the measuring is', async () => {
  const stopping = measure(['sleep', '60'], { ...ALONE, signal: AbortSignal.timeout(300) })
  await expect(stopping).rejects.toThrow(/abort/i)
})

test('a program that is not there is named', async () => {
  await expect(measure(['no-such-program'], ALONE)).rejects.toThrow(/no-such-program/)
})
