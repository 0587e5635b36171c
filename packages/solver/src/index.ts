export { fail as failSolver } from './errors.ts'
export type { Candidate, Lock, LockedPackage } from './lock.ts'
export { formatLock, lockPackage, parseLock, readLock, writeLock } from './lock-file.ts'
export { type Presence, why, whyNot } from './presence.ts'
export { resolve } from './resolve.ts'
export { checkSonames, type ElfObject, isSharedObject, type MissingSoname, type PackageSonames } from './sonames.ts'
export { closedSteps } from './steps/closed-steps.ts'
export type { ClosedSteps, ClosedStepsOptions, StepMove, StepPackage, Tie } from './steps/types.ts'
export type {
  CandidateId,
  Catalogue,
  Pin,
  Policy,
  Provider,
  Reason,
  Resolution,
  ResolveRequest,
  Universe,
  VersionRules,
} from './types.ts'
export { prepareUniverse } from './universe.ts'
