/** Finds the child processes of a command, and checks whether they have ended with it. */
import type { ChildProcess } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'

/** Waits until a process has `count` children, and returns their ids. */
export async function childrenOf(parent: ChildProcess, count: number): Promise<readonly number[]> {
  while (parent.exitCode === null) {
    const children = processes().filter((pid) => statusOf(pid)?.parent === parent.pid)
    if (children.length >= count) return children
    await new Promise((wait) => setTimeout(wait, 10))
  }
  throw new Error(`it ended before it had ${count} children`)
}

export function isRunning(pid: number): boolean {
  const status = statusOf(pid)
  return status !== undefined && status.state !== 'Z'
}

function processes(): readonly number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
}

/** Reads /proc/PID/stat, whose second field is a name in parentheses that may contain any character. */
function statusOf(pid: number): { readonly state: string; readonly parent: number } | undefined {
  try {
    const [state = '', parent = ''] = readFileSync(`/proc/${pid}/stat`, 'latin1')
      .replace(/.*\) /s, '')
      .split(' ')
    return { state, parent: Number(parent) }
  } catch {
    return undefined
  }
}
