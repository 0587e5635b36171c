import { agentProgram } from '../program/path.ts'

/** How tests start the program: from its sources, or the executable that `AGENT_PROGRAM` names. */
export const agentCommand: readonly [program: string, ...args: string[]] =
  process.env['AGENT_PROGRAM'] === undefined ? [process.execPath, agentProgram] : [process.env['AGENT_PROGRAM']]
