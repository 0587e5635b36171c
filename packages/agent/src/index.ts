export {
  type NodeAuthorization,
  nodeAuthorization,
  parseNodeAuthorization,
  type SignedRequest,
  verifyNodeAuthorization,
} from './auth.ts'
export { type AgentConfig, readConfig } from './config.ts'
export { enrol, type EnrolOptions } from './enrol.ts'
export { fail as failAgent } from './errors.ts'
export { type Held, hold, readHeld, release } from './held.ts'
export { agentProgram } from './program/path.ts'
export * from './protocol.ts'
export { runOnce, type RunOnceOptions, type RunOutcome } from './run-once.ts'
export { type AgentStatus, readStatus } from './status.ts'
export { type EnrolmentToken, formatEnrolmentToken, parseEnrolmentToken } from './token.ts'
export type { Difference, DifferenceKind } from './tree/plan.ts'
export { verifyRoot, type VerifyReport } from './verify.ts'
