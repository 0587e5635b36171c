import { command } from '../command.ts'
import { commonFlags } from '../flags.ts'

export const statusCommand = command({
  load: () => import('../commands/status/status.ts'),
  parameters: { flags: commonFlags },
  brief: 'Show what needs you, the channels, their rollouts and nodes',
})
