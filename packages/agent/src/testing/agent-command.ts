import { copyFileSync } from 'node:fs'
import { agentProgram } from '../program/path.ts'

/**
 * How tests start the program: from its sources, or as the executable that `AGENT_PROGRAM` names. `make agent-suite` runs the tests themselves in
 * that executable too, by a variable that what they start must not see.
 */
export const agentCommand: readonly [program: string, ...args: string[]] =
  process.env['AGENT_PROGRAM'] === undefined
    ? [process.execPath, agentProgram]
    : ['env', '--unset=BUN_BE_BUN', process.env['AGENT_PROGRAM']]

/** The same, started by a copy of its executable. */
export function agentCommandBy(executable: string): [program: string, ...args: string[]] {
  const [program, ...args] = agentCommand
  copyFileSync(process.env['AGENT_PROGRAM'] ?? process.execPath, executable)
  return process.env['AGENT_PROGRAM'] === undefined
    ? [executable, ...args]
    : [program, '--unset=BUN_BE_BUN', executable]
}
