export { fail as failSandbox } from './errors.ts'
export { type Bind, type OverlayRoot, runInSandbox, type SandboxOptions, SETUP_CAPABILITIES } from './sandbox.ts'
