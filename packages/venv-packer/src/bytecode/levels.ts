/** Optimization levels of bytecode: plain `python` looks for that of level 0, `python -O` for 1, `python -OO` for 2. */

export const usualLevels: readonly Level[] = [0]

export type Level = 0 | 1 | 2

/** Reads `--optimize 0,1`: each level once, in ascending order; undefined when the text is no list of levels. */
export function parseLevels(text: string): readonly Level[] | undefined {
  if (!/^[012](,[012])*$/.test(text)) return undefined
  return ([0, 1, 2] as const).filter((level) => text.includes(String(level)))
}
