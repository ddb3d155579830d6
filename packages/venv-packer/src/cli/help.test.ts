import { Option } from 'commander'
import { describe, expect, it } from 'vitest'
import { commands } from './commands.js'
import { commandHelp, programHelp } from './help.js'
import type { CommandRow } from './table.js'

const rows: readonly (readonly [string, CommandRow])[] = Object.entries(commands)

describe('the help', () => {
  it('of the program names every command', () => {
    for (const [, { short, summary }] of rows)
      expect(programHelp()).toMatch(new RegExp(`^  ${escaped(short)} +${escaped(summary)}$`, 'm'))
  })

  it.each(rows)('of %s names every option with what it does, in one column', (name, row) => {
    const lines = commandHelp(name, row).split('\n')
    const columns = row.options
      .flatMap((section) => Object.values(section.rows))
      .map(({ flags, help }) => {
        const line = lines.find((one) => one.startsWith(`  ${flags} `)) ?? ''
        expect(help).toContain(line.slice(2 + flags.length).trim())
        return /^ {2}.*? {2,}/.exec(line)?.[0].length
      })
    expect(new Set(columns).size).toBeLessThanOrEqual(1)
  })

  it('fits a terminal of 90 columns', () => {
    const texts = [programHelp(), ...rows.map(([name, row]) => commandHelp(name, row))]
    for (const line of texts.join('').split('\n')) expect(line.length).toBeLessThanOrEqual(90)
  })
})

it('no two options of a command have the same name', () => {
  for (const [, { options }] of rows) {
    const flags = options
      .flatMap((section) => Object.values(section.rows))
      .map((row) => new Option(row.flags))
    const names = flags.flatMap(({ short, long }) => [short, long].filter((one) => one !== undefined))
    expect(new Set(names).size).toBe(names.length)
  }
})

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')
}
