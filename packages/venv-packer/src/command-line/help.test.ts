import { Command } from 'commander'
import { expect, it } from 'vitest'
import { defineCheck } from './check-arguments.js'
import { checkHelp, packHelp, programHelp } from './help.js'
import { definePack } from './pack-arguments.js'

it('the help names every option and every command there is', () => {
  const program = new Command()
  definePack(program, () => {})
  defineCheck(program, () => {})
  const helps = { pack: packHelp, check: checkHelp }
  expect(program.commands.map((command) => command.name())).toEqual(Object.keys(helps))
  for (const command of program.commands) {
    expect(programHelp).toContain(`  ${command.name()} `)
    const help = helps[command.name() as keyof typeof helps]
    for (const option of command.options) expect(help).toContain(`  ${option.flags} `)
  }
})

it('fits a terminal of 90 columns', () => {
  for (const line of `${programHelp}${packHelp}${checkHelp}`.split('\n'))
    expect(line.length).toBeLessThanOrEqual(90)
})
