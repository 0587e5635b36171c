import { command, group } from '../command.ts'
import { commonFlags, text } from '../flags.ts'
import { one } from './positional.ts'

export const nodeRoutes = group('The servers that follow a channel', {
  list: command({
    load: () => import('../commands/node/list.ts'),
    parameters: {
      flags: {
        ...commonFlags,
        channel: {
          kind: 'parsed',
          parse: text,
          optional: true,
          brief: 'Only nodes of this channel',
          placeholder: 'NAME',
        },
      },
    },
    brief: 'List nodes: image, last report, findings',
  }),
  show: command({
    load: () => import('../commands/node/show.ts'),
    parameters: { flags: commonFlags, positional: one('NODE', 'Its id or its name') },
    brief: 'Show one node: findings and last runs',
  }),
  token: command({
    load: () => import('../commands/node/token.ts'),
    parameters: {
      flags: {
        ...commonFlags,
        channel: { kind: 'parsed', parse: text, brief: 'The channel that the node follows', placeholder: 'NAME' },
        label: {
          kind: 'parsed',
          parse: text,
          variadic: true,
          optional: true,
          brief: 'A label of the node; may be given several times',
          placeholder: 'KEY=VALUE',
        },
        validFor: {
          kind: 'parsed',
          parse: text,
          default: '1h',
          brief: 'How long the token stays good: 30m, 12h, 7d',
          placeholder: 'TIME',
        },
      },
      positional: one('NAME', "The node's name"),
    },
    brief: 'Make a one-time token that one node enrols with',
  }),
})
