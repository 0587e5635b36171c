import type { CommonFlags } from '../../flags.ts'
import { notBuilt } from '../../not-built.ts'

export const { run, show } = notBuilt<CommonFlags, []>('plan')
