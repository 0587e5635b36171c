import type { measure } from '../harness/measure.ts'
import type { Cost } from '../harness/types.ts'
import { processorSeconds, type WebServer } from './nginx.ts'
import type { Trees } from './trees.ts'

/** What is done to one node, in this order. */
export const STEPS = ['first', 'delta', 'nothing', 'looked', 'damaged', 'reread'] as const
export type Step = (typeof STEPS)[number]

/** How a program is measured. */
export type Measure = typeof measure

/** Somebody who brings trees to a directory. */
export interface Deliverer extends AsyncDisposable {
  /** Of small letters and dashes. */
  readonly name: string
  readonly ours: boolean
  /** Whether it checks all that it writes against a digest. */
  readonly verifies: boolean
  /** Measured in the first round alone, as it takes minutes. */
  readonly once?: boolean
  /** The steps that it has. */
  readonly steps: readonly Step[]
  /** What its directory holds in the end, and whether mtimes belong to it. */
  readonly trees: Trees
  readonly mtimes: boolean
  /** The program, with what it is told for this step. */
  who(step: Step): string
  /** Makes a directory what the first step begins with. */
  prepare(target: string): Promise<void>
  /** Measured, or as told; `target` is the round's own directory. */
  run(step: Step, target: string, as?: Measure): Promise<Delivered>
  /** Where the tree lies after a step. */
  rootOf(target: string, step: Step): string
}

export interface Delivered extends Cost {
  readonly serverSeconds: number
  readonly wireBytes: number
  /** Of HTTP. */
  readonly requests?: number
}

/** Runs something, and says what its server did meanwhile. */
export async function withServer(server: WebServer, client: () => Promise<Cost>): Promise<Delivered> {
  const [before, sent] = [processorSeconds(server.pid), server.sent()]
  const cost = await client()
  const after = server.sent()
  return {
    ...cost,
    serverSeconds: processorSeconds(server.pid) - before,
    wireBytes: after.bytes - sent.bytes,
    requests: after.requests - sent.requests,
  }
}
