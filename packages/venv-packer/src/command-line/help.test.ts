import { Command } from 'commander'
import { expect, it } from 'vitest'
import { packHelp, programHelp, runHelp } from './help.js'
import { definePack } from './pack-arguments.js'
import { defineRun } from './run-arguments.js'

it('the help names every option and every command there is', () => {
  const program = new Command()
  definePack(program, () => {})
  defineRun(program, undefined, () => {})
  const helps = { pack: packHelp, run: runHelp }
  expect(program.commands.map((command) => command.name())).toEqual(Object.keys(helps))
  for (const command of program.commands) {
    expect(programHelp).toContain(`  ${command.name()} `)
    const help = helps[command.name() as keyof typeof helps]
    for (const option of command.options) expect(help).toContain(`  ${option.flags} `)
  }
})

it('fits a terminal of 90 columns', () => {
  for (const line of `${programHelp}${packHelp}${runHelp}`.split('\n'))
    expect(line.length).toBeLessThanOrEqual(90)
})
