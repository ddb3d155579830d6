/**
 * Closes Node's debugger where a SIGUSR1 has opened it. Node opens it for a signal that arrives before the launcher listens,
 * within the first tenth of a second, and then every user of the machine can connect to it.
 */
import inspector from 'node:inspector'

/** Whether the user has asked Node for the debugger. */
function isInvited(): boolean {
  const options = [...process.execArgv, ...(process.env.NODE_OPTIONS ?? '').split(/\s+/)]
  return options.some((option) => /^--inspect(?:-brk|-wait)?(?:=|$)/.test(option))
}

/** Closes the debugger unless the user asked for it. Returns whether it was open. */
export function closeUninvitedDebugger(): boolean {
  if (isInvited() || inspector.url() === undefined) return false
  inspector.close()
  return true
}
