import { command, group } from '../command.ts'
import { commonFlags, text } from '../flags.ts'
import { one } from './positional.ts'

const keys = group('The keys that sign', {
  create: command({
    load: () => import('../commands/admin/keys-create.ts'),
    parameters: { flags: commonFlags },
    brief: "Make the distribution's keys, and the site's first trust metadata",
  }),
  list: command({
    load: () => import('../commands/admin/keys-list.ts'),
    parameters: { flags: commonFlags },
    brief: 'List keys: role, threshold, expiry',
  }),
  rotate: command({
    load: () => import('../commands/admin/keys-rotate.ts'),
    parameters: { flags: commonFlags, positional: one('ROLE', 'Whose key') },
    brief: 'Replace a key',
  }),
})

export const adminRoutes = group('Keys and other things that are seldom touched', {
  keys,
  reviewer: command({
    load: () => import('../commands/admin/reviewer.ts'),
    parameters: {
      flags: {
        ...commonFlags,
        validFor: { kind: 'parsed', parse: text, default: '90d', brief: 'How long it is good', placeholder: 'TIME' },
      },
      positional: one('PERSON', 'As access/people.yaml names them'),
    },
    brief: "Make a reviewer's own token: what proves their roles",
  }),
})
