import { command } from '../command.ts'
import { commonFlags } from '../flags.ts'
import { one } from './positional.ts'

export const planCommand = command({
  load: () => import('../commands/plan/plan.ts'),
  parameters: { flags: commonFlags },
  brief: 'Show what would change: what is declared against what is',
})

export const applyCommand = command({
  load: () => import('../commands/apply/apply.ts'),
  parameters: { flags: commonFlags, positional: one('PLAN', 'A saved plan') },
  brief: 'Apply a saved plan, unless the world has moved since',
})
