import { Command } from 'commander'
import { expect, it } from 'vitest'
import { packHelp, programHelp } from './help.js'
import { definePack } from './pack-arguments.js'

it('the help names every option and every command there is', () => {
  const program = new Command()
  definePack(program, () => {})
  for (const command of program.commands) {
    expect(programHelp).toContain(`  ${command.name()} `)
    for (const option of command.options) expect(packHelp).toContain(`  ${option.flags}`)
  }
})

it('fits a terminal of 90 columns', () => {
  for (const line of `${programHelp}${packHelp}`.split('\n')) expect(line.length).toBeLessThanOrEqual(90)
})
