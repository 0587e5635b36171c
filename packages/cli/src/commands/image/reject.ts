import type { Approval } from '@holotype/server/api'
import type { Context } from '../../context.ts'
import { giveVerdict, showVerdict, type VerdictFlags } from '../../work/verdict.ts'

/** @throws what `giveVerdict` throws */
export function run(context: Context, flags: Omit<VerdictFlags, 'hazard'>, diff: string): Promise<Approval> {
  return giveVerdict(context, { verdict: 'rejected', text: diff, flags })
}

export const show = showVerdict
