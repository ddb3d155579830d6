import { expect, it } from 'vitest'
import { readCommandLine } from './parse.js'

const invocation = readCommandLine(['completion', 'bash'])
if (invocation.command !== 'completion') throw new Error('completion has the whole program')
const { program } = invocation

it('the help names every option and every command there is', () => {
  for (const command of program.commands) {
    expect(program.helpInformation()).toContain(`  ${command.name()} `)
    for (const option of command.options) expect(command.helpInformation()).toContain(`  ${option.flags}`)
  }
})

it('fits a terminal of 90 columns', () => {
  const texts = [program, ...program.commands].map((command) => command.helpInformation())
  for (const line of texts.join('').split('\n')) expect(line.length).toBeLessThanOrEqual(90)
})
