import { numberParser } from '@stricli/core'
import { command, group } from '../command.ts'
import { commonFlags, text } from '../flags.ts'
import { maybe, one } from './positional.ts'

const reason = {
  kind: 'parsed',
  parse: text,
  optional: true,
  brief: 'Why, for the record',
  placeholder: 'TEXT',
} as const

export const rolloutRoutes = group('Move a channel from one image to the next, in waves', {
  start: command({
    load: () => import('../commands/rollout/start.ts'),
    parameters: {
      flags: {
        ...commonFlags,
        reason,
        notBefore: {
          kind: 'parsed',
          parse: text,
          optional: true,
          brief: 'No node goes to the image earlier: 2026-12-01T22:00:00+01:00',
          placeholder: 'TIME',
        },
      },
      positional: one('CHANNEL', 'The channel that moves to its image as composed'),
    },
    brief: 'Publish an image and open the first wave',
  }),
  advance: command({
    load: () => import('../commands/rollout/advance.ts'),
    parameters: {
      flags: {
        ...commonFlags,
        wait: { kind: 'boolean', default: false, withNegated: false, brief: 'Wait for the gate' },
        timeout: {
          kind: 'parsed',
          parse: numberParser,
          default: '600',
          brief: 'Seconds to wait at most',
          placeholder: 'SECONDS',
        },
      },
      positional: one('CHANNEL', 'The channel that moves'),
    },
    brief: 'Open the next wave if its gate lets it; end the rollout when all waves are through',
  }),
  status: command({
    load: () => import('../commands/rollout/status.ts'),
    parameters: { flags: commonFlags, positional: maybe('ROLLOUT', 'Its id; without one, all rollouts are listed') },
    brief: 'Show the waves of a rollout, their nodes and gates',
  }),
  stop: command({
    load: () => import('../commands/rollout/stop.ts'),
    parameters: { flags: { ...commonFlags, reason }, positional: one('CHANNEL', 'The channel that moves') },
    brief: 'Stop a rollout: no node moves any further, and those that moved go back',
  }),
})
